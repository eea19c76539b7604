// Woven from chapters/837-diary.md.
import {
  readRunFile, runFileEnd, runFileHead, sha256, stateSum, UserError,
} from "../launcher";
import type {
  InputGate, RunConfig, RunEnd, RunFile, RunImage, RunInput,
} from "../launcher";
import type { Machine } from "../machine";
import { inFile, SPENT, textOf } from "./io";
import type { Io } from "./io";
import { kernelBytes } from "./kernels";
import { switcherBytes } from "./switcher";

/** A run that is being written down. */
export interface Recorder {
  /** Listens to a machine's gate; the next one is another start. */
  listen(gate: InputGate): void;
  end(machine: Machine, end: Omit<RunEnd, "time" | "state">): void;
}

/** Begins a run file. */
export function startRecord(
  path: string, config: RunConfig, io: Io,
): Recorder {
  const output = io.create(path);
  const write = (text: string) =>
    output.write(new TextEncoder().encode(text));
  let starts = 0, since: { boot?: number } = {};
  write(runFileHead(config));
  return {
    listen(gate) {
      const boot = starts++, here = boot > 0 ? { boot } : {};
      since = here;
      gate.listener = (entry) => {
        const line: RunInput = { ...here, ...entry };
        write(`${JSON.stringify(line)}\n`);
      };
    },
    end(machine, { instructions, status, sentence }) {
      write(runFileEnd({ ...since, instructions, status, sentence,
        time: machine.time, state: stateSum(machine) }));
      output.close();
    },
  };
}

/** An image's line in a run file. */
export function imageLine(
  role: RunImage["role"], path: string, io: Io,
  more: Pick<RunImage, "text" | "guest" | "mode"> = {},
): RunImage {
  return { role, path, sha256: sha256(imageBytes(role, path, io)), ...more };
}

/** What an image is, be it in a file or ours. */
function imageBytes(
  role: RunImage["role"], path: string, io: Io,
): Uint8Array {
  if (role === "switcher") return switcherBytes(path, io);
  return role === "kernel" ? kernelBytes(path, io) : io.read(path);
}

/** A budget as JSON has it. */
export const finite = (budget: number) =>
  (budget === Infinity ? null : budget);

type Command = RunConfig["command"];
type ConfigOf<C extends Command> = Extract<RunConfig, { command: C }>;

/** Reads a run file of a command, and checks its images; `moved` are
 * paths that replace those in the file. */
export function openRun<C extends Command>(
  path: string, command: C,
  moved: Readonly<Record<string, string | undefined>>, io: Io,
): RunFile<ConfigOf<C>> {
  const run = inFile(path, () => readRunFile(textOf(io.read(path))));
  const { config } = run;
  if (config.command !== command) {
    throw new UserError(`${path} is a run of lguest ${config.command}, ` +
      `not of ${command}; try lguest ${config.command} --replay`);
  }
  checkMoved(path, config.images, moved);
  const images = config.images.map((image) =>
    ({ ...image, path: moved[image.role] ?? image.path }));
  for (const { role, path: at, sha256: sum } of images) {
    if (sha256(imageBytes(role, at, io)) === sum) continue;
    const what = at || "the default Guest";
    const is = role === "block" ? "disk" : role;
    throw new UserError(`${what} is not the ${is} that ${path} was ` +
      "recorded with: its SHA-256 is another; get the old one, or record " +
      "again");
  }
  return { ...run, config: { ...config as ConfigOf<C>, images } };
}
function checkMoved(
  path: string, images: readonly RunImage[],
  moved: Readonly<Record<string, string | undefined>>,
): void {
  for (const [role, to] of Object.entries(moved)) {
    const known = images.filter((image) => image.role === role).length;
    if (to === undefined || known === 1) continue;
    throw new UserError(known === 0
      ? `${path} was recorded without --${role}; leave it out`
      : `${path} has ${known} files for --${role}; put them where they ` +
        `were, and leave out --${role}`);
  }
}

/** Throws UserError if a run has not become the one in a file. */
export function compareEnds(
  path: string, was: RunEnd | undefined, machine: Machine,
  { instructions, status }: Pick<RunEnd, "instructions" | "status">,
  budget: number,
): void {
  const cut = status === SPENT && budget < Infinity;
  if (!was || (cut && instructions !== was.instructions)) return;
  const same = instructions === was.instructions &&
    status === was.status && stateSum(machine) === was.state;
  if (same) return;
  throw new UserError(`${path} was recorded otherwise: it ended at ` +
    `instruction ${was.instructions} with status ${was.status}, and now ` +
    `at ${instructions} with ${status}, or in another state; was it ` +
    "another version of lguest?");
}
