// The short way through the book: where it stops, and how far one reads
// there. The invitation has the same list, with reasons.

export interface Stop {
  /** A chapter's slug; behind "#", the section with which it begins. */
  readonly to: string;
  /** What a link to it says. */
  readonly name: string;
  /** How much to read there. */
  readonly read: string;
  /** The section before which one goes on. */
  readonly until: string;
}

export const evening: readonly Stop[] = [
  { to: "assembly", name: "Seven lines", until: "exercises",
    read: "all of it, if assembly is new to you" },
  { to: "segments", name: "Every address is two addresses",
    read: "until you know the byte 0x9b", until: "loading-a-register" },
  { to: "paging#two-tables", name: "Two tables",
    read: "this section and the next", until: "finding-a-way" },
  { to: "exceptions#the-way-of-a-trap", name: "The way of a trap",
    read: "this section and the next", until: "through-the-gate" },
  { to: "guest", name: "A kernel learns that it is a guest",
    read: "until it has moved house", until: "touching-memory" },
  { to: "kernel#who-may-do-what", name: "Who may do what",
    read: "this section", until: "the-map" },
  { to: "shadow", name: "Page tables cast shadows",
    read: "to the end of the eleven steps", until: "four-directories" },
  { to: "switcher", name: "The Switcher", read: "all of it",
    until: "exercises" },
  { to: "loop", name: "The loop", read: "until you know why it came back",
    until: "in-one-piece" },
  { to: "cpus#a-bug-that-one-cpu-cant-have",
    name: "A bug that one CPU can't have", read: "this section",
    until: "what-we-have-and-what-is-missing" },
  { to: "hunt#what-is-reported", name: "What is reported",
    read: "this section",
    until: "the-first-guess-two-cpus-in-each-others-way" },
  { to: "hunt#the-third-guess-the-emulator-doesnt-move",
    name: "The third guess", read: "this section", until: "a-visitor" },
  { to: "hunt#one-line", name: "One line", read: "this section",
    until: "beside-what-was-measured" },
];

/** The numbers of the stop that begins at a heading, and of the one that
 * ends before it; the first heading of a page has no id. */
export function stopsAt(slug: string, id?: string): {
  readonly begins: number; readonly ends: number } {
  const at = id === undefined ? slug : `${slug}#${id}`;
  return { begins: evening.findIndex(({ to }) => to === at),
    ends: evening.findIndex(({ to, until }) =>
      to.replace(/#.*/, "") === slug && until === id) };
}
