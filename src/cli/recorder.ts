import { defaultGuest } from "../guest";
import {
  readRunFile, runFileEnd, runFileHead, sha256, UserError,
} from "../launcher";
import type { InputEntry, RunConfig, RunEnd, RunFile, RunImage }
  from "../launcher";
import { inFile } from "./io";
import type { Io } from "./io";

/** A run that is being written down. */
export interface Recorder {
  entry(entry: InputEntry): void;
  end(end: RunEnd): void;
}

/** Begins a run file. */
export function startRecord(
  path: string, config: RunConfig, io: Io,
): Recorder {
  const output = io.create(path);
  const write = (text: string) =>
    output.write(new TextEncoder().encode(text));
  write(runFileHead(config));
  return {
    entry: (entry) => write(`${JSON.stringify(entry)}\n`),
    end(end) {
      write(runFileEnd(end));
      output.close();
    },
  };
}

/** An image's line in a run file. */
export function imageLine(
  role: string, path: string, bytes: Uint8Array, text?: string,
): RunImage {
  return { role, path, sha256: sha256(bytes),
    ...(text !== undefined && { text }) };
}

/** Reads a run file of a command, and checks its images; `moved` are
 * paths that replace those in the file. */
export function openRun(
  path: string, command: RunConfig["command"],
  moved: Readonly<Record<string, string | undefined>>, io: Io,
): RunFile {
  const text = new TextDecoder().decode(io.read(path));
  const run = inFile(path, () => readRunFile(text));
  if (run.config.command !== command) {
    throw new UserError(`${path} is a run of lguest ${run.config.command}, ` +
      `not of ${command}; try lguest ${run.config.command} --replay`);
  }
  const images = run.config.images.map((image) =>
    ({ ...image, path: moved[image.role] ?? image.path }));
  for (const { role, path: at, sha256: sum } of images) {
    const bytes = at === "" ? defaultGuest() : io.read(at);
    if (sha256(bytes) === sum) continue;
    const what = at || "the default Guest";
    throw new UserError(`${what} is not the ${role} that ${path} was ` +
      "recorded with: its SHA-256 is another; get the old one, or record " +
      "again");
  }
  return { ...run, config: { ...run.config, images } };
}
