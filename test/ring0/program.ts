// A reference program and what it writes, which goes to files, so that it
// runs on while we do something else.

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasLog } from "./case";

/** No batch takes a program more of the processor: seconds. Neighbours don't
 * count, and the slowest machine that we know takes a tenth of it. */
const PATIENCE = 300;

/** Runs a program to its end, and reads the log that it has written. One in
 * which the kernel never began to write is an error, with what the program
 * said instead. */
export function logOf(
  folder: string, program: string, args: readonly string[],
): Promise<Uint8Array> {
  const path = join(folder, "output"), file = openSync(path, "w");
  const complaints = join(folder, "errors"), errors = openSync(complaints, "w");
  const child = spawn("sh", ["-c", `ulimit -t ${PATIENCE}; exec "$0" "$@"`,
    program, ...args], {
    env: { ...process.env, TERM: "vt100" }, stdio: ["ignore", file, errors],
  });
  closeSync(file);
  closeSync(errors);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      const log = readFileSync(path);
      if (hasLog(log))
        resolve(log);
      else
        reject(new Error(`${program} has run no case. It says:\n${
          lastWords(readFileSync(complaints, "utf8"))}`));
    });
  });
}

/** The last lines of what a program said. */
function lastWords(text: string): string {
  const lines = text.split("\n").filter(line => line.trim() !== "");
  return lines.slice(-6).map(line => "  " + line).join("\n") || "  nothing";
}
