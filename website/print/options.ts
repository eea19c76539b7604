// What `npm run book:print` is asked for.
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readAll, root } from "../weave/read";

/** A file to write, and the numbers of the chapters, or none for all. */
export interface Options {
  readonly file: string;
  readonly only: readonly string[];
}

/** Understands the command's words; a string says what is wrong with them. */
export function understand(words: readonly string[]): Options | string {
  const options = read(words);
  return typeof options === "string" ? `book:print: ${options}` : options;
}

function read(words: readonly string[]): Options | string {
  const only: string[] = [], files: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--only") only.push(words[++at] ?? "");
    else if (word.startsWith("-")) return `there is no option ${word}; try `
      + "npm run book:print -- [FILE] [--only NNN]";
    else files.push(word);
  }
  if (files.length > 1)
    return `one file is written, and not ${files.join(" and ")}`;
  const file = resolve(root, files[0] ?? "website/build/lguest.pdf");
  return wrongNumber(only) ?? wrongFile(file) ?? { file, only };
}

function wrongNumber(only: readonly string[]): string | undefined {
  if (only.length === 0) return undefined;
  const { pages } = readAll([]);
  const wrong = only.find((one) =>
    !pages.some(({ number }) => number === one));
  return wrong === undefined ? undefined : `--only ${wrong}: there is no such `
    + "chapter; npm run contents prints their numbers";
}

function wrongFile(file: string): string | undefined {
  const what = (path: string) => statSync(path, { throwIfNoEntry: false });
  if (what(file)?.isDirectory()) return `${file} is a folder, and not a file`;
  const folder = dirname(file);
  // Ours is made with the site.
  return what(folder)?.isDirectory() || folder === resolve(root,
    "website/build") ? undefined : `there is no folder ${folder}`;
}
