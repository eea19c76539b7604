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

/** What of a text is marked as found: the phrase, and its words; short ones
 * only where they are whole. Undefined if nothing is looked for. */
export function marksFor(query: string): RegExp | undefined {
  const phrase = askedFor(phraseOf(query));
  if (phrase === "") return undefined;
  const words = [phrase, ...phrase.split(" ")].map((one) =>
    one.length > 2 ? literal(one) : whole(one));
  return new RegExp(`(${words.join("|")})`, "i");
}

/** A regular expression's text that matches these letters. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** One that matches them where they are no part of a longer word. */
export function whole(text: string): string {
  return `(?<!\\w)${literal(text)}(?!\\w)`;
}
