// Woven from chapters/850-loom.md.
// What the loom sees of a chapter: sections, and fences in them.
import type { Place } from "./problem";

/** One line of a fence, without the indentation of the fence itself. */
export interface Line extends Place {
  readonly text: string;
}

/** A fenced block of code and what its info string says. */
export interface Fence extends Place {
  readonly language: string;
  readonly body: readonly Line[];
  /** The file that the code is appended to. */
  readonly file?: string;
  /** The name of the chunk that the code continues. */
  readonly chunk?: string;
  /** An example that is run as a test; "run" prints, too. */
  readonly example?: "test" | "run";
  /** True for what the example before it prints. */
  readonly output: boolean;
  /** The number of the one type error that the code must give. */
  readonly expectError?: number;
  /** True for an exercise's test, which must fail as it stands. */
  readonly red?: boolean;
}

/** From a heading to the next, whatever their levels. */
export interface Section extends Place {
  readonly title: string;
  readonly fences: Fence[];
}

/** One file of the book. */
export interface Chapter {
  readonly path: string;
  readonly sections: readonly Section[];
}
