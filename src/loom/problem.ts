// Woven from chapters/850-loom.md.
// Places in chapters, and what may be wrong there.

/** A place in a text file; lines and columns count from 1. */
export interface Place {
  /** The file, relative to the project: "chapters/850-loom.md". */
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** Something wrong at a place, in one sentence. */
export interface Problem extends Place {
  readonly message: string;
}

/** "chapters/850-loom.md:12:3: what is wrong". */
export function formatProblem(problem: Problem): string {
  return `${formatPlace(problem)}: ${problem.message}`;
}

/** "chapters/850-loom.md:12:3". */
export function formatPlace(place: Place): string {
  return `${place.path}:${place.line}:${place.column}`;
}
