// Woven from chapters/850-loom.md.
// The info string of a fence: file=, chunk="", test, run, and so on.
import type { Fence } from "./chapter";
import type { Problem } from "./problem";

const word = /\{[^}]*\}|([^\s=]+)(?:=(?:"([^"]*)"|(\S*)))?/g;

/** The fence with what its info string says; complains if it can't. */
export function applyInfo(
  fence: Fence,
  header: string,
  info: string,
  problems: Problem[],
): Fence {
  let result = fence;
  for (const [whole, key, quoted, bare] of info.matchAll(word)) {
    if (key === undefined) continue;
    const change = readWord(fence, key, quoted ?? bare);
    if (typeof change !== "string") result = { ...result, ...change };
    else {
      const column = Math.max(header.indexOf(whole) + 1, fence.column);
      problems.push({ ...fence, column, message: change });
    }
  }
  const roles = [result.file, result.chunk, result.example];
  if (roles.filter((role) => role !== undefined).length > 1)
    problems.push({ ...fence, message: "a fence has one role: file=, "
      + "chunk=, test or run" });
  const { example, expectError, red } = result;
  if (red && (example !== "test" || expectError !== undefined))
    problems.push({ ...fence, message: "red goes with test, and with "
      + "neither run nor expect-error=" });
  return result;
}

function readWord(
  fence: Fence,
  key: string,
  value: string | undefined,
): Partial<Fence> | string {
  switch (key) {
    case "file": return readFile(value ?? "");
    case "chunk":
      return value ? { chunk: value } : "a chunk needs a name";
    case "test": return { example: "test" };
    case "run": return { example: "run" };
    case "output": return { output: true };
    case "hidden": return {};
    case "expect-error":
      return /^\d+$/.test(value ?? "")
        ? { example: "test", expectError: Number(value) }
        : "expect-error= needs the number of a TypeScript error";
    case "red": return { red: true };
  }
  const ours = fence.language === "ts" || fence.language === "asm";
  return ours ? `the loom has no word "${key}" for a fence` : {};
}

function readFile(path: string): Partial<Fence> | string {
  const parts = path.split("/");
  if (parts[0] !== "src" || parts.length < 2
    || parts.some((part) => /^\.*$/.test(part)))
    return "file= must name a file below src/";
  return parts.every((part) => /^\w[\w-]*(\.[\w-]+)*$/.test(part))
    ? { file: path }
    : "the name of a file is made of ASCII letters, digits, _ - and dots";
}
