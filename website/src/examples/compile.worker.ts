// Compiles what a reader has edited. This worker brings the compiler and
// never runs what it makes: it is kept, with all that it has parsed.
import { chapters } from "@site/.woven/examples";
import type { Chapter } from "../../../src/loom/chapter";
import { Checker } from "./check";
import type { Types } from "./check";
import { compile } from "./edited";
import type { Compiled } from "./edited";

/** What to compile: a text, in place of a fence of a chapter. */
export interface Text {
  readonly slug: string;
  readonly line: number;
  readonly text: string;
}

let checker: Promise<Checker> | undefined;

async function load(): Promise<Checker> {
  const types: unknown = await import("@site/.woven/types.json");
  const { options, files } = (types as { default: Types }).default;
  return new Checker(options, (path) => files[path]);
}

async function compiled({ slug, line, text }: Text): Promise<Compiled> {
  const [one, { default: chapter }] = await Promise.all([
    checker ??= load(),
    chapters[slug]?.() as Promise<{ default: Chapter }>]);
  return compile(chapter, line, text, one);
}

function failed(error: unknown, line: number): Compiled {
  checker = undefined;
  return { wrong: [{ path: "", line, column: 1, message: String(error) }] };
}

addEventListener("message", async ({ data }: MessageEvent<Text>) => {
  postMessage(await compiled(data).catch(
    (error) => failed(error, data.line)));
});
