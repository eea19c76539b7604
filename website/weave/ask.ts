// What TypeScript is asked about the program. It takes as long as to run all
// the examples, so it has a thread of its own.
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import type { Types } from "../src/examples/check";
import { Places } from "./captions";
import { namesOf } from "./names";
import type { Names } from "./names";
import { programOf } from "./program";
import { readAll } from "./read";
import { typesFor } from "./types";

/** What it has said. */
export interface Asked {
  readonly names: Names;
  readonly types: Types;
}

/** Begins to ask. */
export function askTypeScript(): Promise<Asked> {
  return new Promise((resolve, reject) =>
    new Worker(__filename).once("message", resolve).once("error", reject));
}

if (!isMainThread) {
  const book = readAll([]), program = programOf(book);
  const answer: Asked = { types: typesFor(book.pages, program),
    names: namesOf(book, new Places(book), program) };
  parentPort!.postMessage(answer);
}
