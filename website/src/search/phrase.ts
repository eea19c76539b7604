// What is looked for, as it is compared.

/** A query without quotes and needless spaces, in small letters. */
export function phraseOf(query: string): string {
  return query.trim().replace(/^["“]|["”]$/g, "").trim()
    .replace(/\s+/g, " ").toLowerCase();
}

/** A regular expression's text that matches these letters. */
export function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
