// What is searched, as it is made with the site.

/** A word of the glossary, and where it is explained. */
export interface Word {
  readonly words: readonly string[];
  readonly says: string;
  /** Its anchor in the glossary. */
  readonly id: string;
  /** The section that explains it. */
  readonly href?: string;
}

export interface BookData {
  readonly chapters: readonly
    (readonly [number: string, subtitle: string, href: string])[];
  readonly sections: readonly (readonly
    [chapter: number, title: string, anchor: string, text: string])[];
  readonly words: readonly Word[];
}

/** Fences: a name, an address, and the code. */
export type CodeData =
  readonly (readonly [name: string, href: string, text: string])[];
