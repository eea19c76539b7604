// What is looked for, as it is compared.

/** How one asks for what a word means. */
const asking = /^(?:what|who|where|how)(?:'s| is| are| does)(?: an?| the)? /;

/** Of a phrase that is a question, what is asked for. */
export function askedFor(phrase: string): string {
  return phrase.replace(asking, "").replace(/\?$/, "");
}

/** A query without quotes and needless spaces, in small letters. */
export function phraseOf(query: string): string {
  return query.trim().replace(/^["“]|["”]$/g, "").trim()
    .replace(/\s+/g, " ").toLowerCase();
}

/** A regular expression's text that matches these letters. */
export function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
