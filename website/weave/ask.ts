// What TypeScript is asked about the program, and the API's pages. It takes
// as long as to run all the examples, so it has a thread of its own.
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import type { Types } from "../src/examples/check";
import { writeApi } from "./api";
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

async function answer(): Promise<void> {
  const book = readAll([]), program = programOf(book);
  const asked: Asked = { types: typesFor(book.pages, program),
    names: namesOf(book, new Places(book), program) };
  await writeApi(program);
  parentPort!.postMessage(asked);
}

if (!isMainThread) void answer();
