// What is known about the names in the code, as it is made with the site.

export interface Name {
  readonly name: string;
  /** A class, a type, a signature: what an editor would show. */
  readonly type: string;
  /** The first sentence of its comment, or nothing. */
  readonly says: string;
  /** Where it is declared: a line of a chapter. */
  readonly href: string;
}

/** The names of a page. */
export interface NamesOfPage {
  readonly names: readonly Name[];
  /** For each line of the chapter or the file, counted from 1: pairs of a
   * column, counted from 0, and a place in `names`. */
  readonly lines: Readonly<Record<number, readonly number[]>>;
}
