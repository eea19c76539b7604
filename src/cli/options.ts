// Woven from chapters/808-command.md.
import { MOST_CPUS, UserError } from "../launcher";
import type { Circumstances, RunSchedule, TerminalSize } from
  "../launcher";
import { checksOf } from "./checks";
import { CIRCUMSTANCES, understandCircumstances } from "./circumstances";
import type { GdbCall } from "./debug";
import { checkExploring, understandExplore } from "./explore-options";
import type { ExploreOptions } from "./explore-options";
import { understandGuests } from "./guests";
import type { GuestCall } from "./guests";
import { interpreterOf } from "./interpreter";
import type { Interpreter } from "./interpreter";
import { understandMachine } from "./machine-options";
import type { MachineCall } from "./machine-options";
import { MANY, number, schedule } from "./numbers";
import { refuseOurs, understandSymbols } from "./symbols";
import type { SymbolsCall } from "./symbols";
import { statsOf } from "./stats";
import type { StatsForm } from "./stats";
import { spanOf } from "./timeline";
import type { Span } from "./timeline";
import { oneOf, parseWords } from "./words";
import type { Values } from "./words";

/** A call of `run`, with all defaults filled in. */
export interface RunCall extends Circumstances {
  readonly command: "run";
  readonly guests: readonly GuestCall[];
  /** The file of another Switcher, or a word for one. */
  readonly switcher?: string;
  /** Names of the checks that look on. */
  readonly checks: readonly string[];
  /** The part of the run that is to be drawn. */
  readonly timeline?: Span;
  /** How to tell at the end what Guests cost. */
  readonly stats?: StatsForm;
  readonly record?: string;
  readonly replay?: string;
  /** Whether standard input is typed to the first Guest, if it is no
   * terminal. */
  readonly input: boolean;
  /** The terminal that the Guests' consoles are on. */
  readonly terminal?: TerminalSize | undefined;
  readonly reboot: boolean;
  readonly cpus: number;
  readonly schedule?: RunSchedule;
  readonly seed: number;
  readonly pge: "all-cpus" | "this-cpu";
  readonly hostPages: "4m" | "4k";
  readonly abi: "extended" | "strict";
  readonly maxInstructions: number;
  readonly snapshot?: string;
  /** Instruction count of the snapshot, or undefined: at the end. */
  readonly at?: number;
  readonly restore?: string;
  readonly trace: boolean;
  readonly traceFile?: string;
  /** Where frames are written down. */
  readonly netDump?: string;
  readonly interpreter?: Interpreter;
  readonly gdb?: GdbCall;
}

/** What somebody wants from us. */
export type Call =
  "help" | "version" | RunCall | MachineCall | ExploreCall | SymbolsCall;

/** A call of `explore`: a run, and how to look for another one. */
export interface ExploreCall extends ExploreOptions {
  readonly command: "explore";
  readonly run: RunCall;
}

const IN_FILE = ["append", "memory", "cpus", "schedule", "seed", "pge", "abi",
  "host-pages", "guest", "net", "rng", ...CIRCUMSTANCES,
  "date", "post-port", "module", "reboot"] as const;
const IMAGES = ["kernel", "rom", "initrd", "switcher"] as const;
const EXCLUDE = [["record", "replay"], ["record", "restore"],
  ["replay", "restore"], ["record", "gdb"], ["replay", "gdb"],
  ["replay", "input"]] as const;
const WRITTEN = ["record", "trace-file", "snapshot", "output",
  "net-dump"] as const;

function checkTogether(values: Values): void {
  const twice = (names: readonly (keyof Values)[], by: string) => {
    const name = names.find((one) => values[one] !== undefined);
    if (name) {
      throw new UserError(`--${name} can't be changed by --${by}: ` +
        "it is in the file; leave it out");
    }
  };
  if (values.restore !== undefined) {
    twice([...IMAGES, "block", ...IN_FILE], "restore");
  }
  if (values.replay !== undefined) twice(IN_FILE, "replay");
  for (const [one, other] of EXCLUDE) {
    if (values[one] !== undefined && values[other] !== undefined) {
      throw new UserError(`--${one} and --${other} exclude each other`);
    }
  }
  checkFiles(values);
  if (values.at !== undefined && values.snapshot === undefined) {
    throw new UserError("--at says when; add --snapshot FILE");
  }
  if (values.gdb !== undefined && values.snapshot !== undefined) {
    throw new UserError("--snapshot is for a run on its own; " +
      "leave out --gdb");
  }
}
function checkFiles(values: Values): void {
  const files = [...IMAGES, "replay", "restore", ...WRITTEN] as const;
  for (const name of files) {
    if (values[name] === "") throw new UserError(`--${name} needs a FILE`);
  }
}
/** Reads the words behind `lguest`; throws UserError. */
export function understand(words: readonly string[]): Call {
  const { values, positionals } = parseWords(words);
  if (values.help) return "help";
  if (values.version) return "version";
  const command = commandOf(positionals);
  checkExploring(values, command === "explore");
  checkTogether(values);
  if (command === "symbols") return understandSymbols(values);
  refuseOurs(values);
  if (command === "explore") {
    return { command, ...understandExplore(values),
      run: understandRun(values) };
  }
  return command === "machine" ? understandMachine(values)
    : understandRun(values);
}

const FOR_MACHINE = ["rom", "module", "post-port", "date"] as const;

function understandRun(values: Values): RunCall {
  const strange = FOR_MACHINE.find((name) => values[name] !== undefined);
  if (strange) {
    throw new UserError(`--${strange} is for machine; ` +
      "try lguest machine, or leave it out");
  }
  const { pge = "all-cpus", "host-pages": pages = "4m",
    abi = "extended" } = values;
  const { switcher, snapshot, restore, at, record, replay } = values;
  const { "trace-file": traceFile, "net-dump": netDump } = values;
  const max = values["max-instructions"];
  const cpus = number("cpus", values.cpus, 1, 1, MOST_CPUS);
  return {
    command: "run",
    guests: understandGuests(values, cpus),
    ...understandCircumstances(values, cpus),
    checks: checksOf(values.check),
    input: values.input ?? false, reboot: values.reboot ?? false,
    cpus,
    seed: number("seed", values.seed, 1, 0, 2 ** 32 - 1),
    pge: oneOf("pge", pge, ["all-cpus", "this-cpu"]),
    abi: oneOf("abi", abi, ["extended", "strict"]),
    hostPages: oneOf("host-pages", pages, ["4m", "4k"]),
    maxInstructions: number("max-instructions", max, Infinity, 1, MANY),
    trace: values.trace ?? false,
    ...(values.schedule !== undefined &&
      { schedule: schedule(values.schedule) }),
    ...(values.timeline !== undefined &&
      { timeline: spanOf(values.timeline) }),
    ...(switcher !== undefined && { switcher }),
    ...(snapshot !== undefined && { snapshot }),
    ...(restore !== undefined && { restore }),
    ...(record !== undefined && { record }),
    ...(replay !== undefined && { replay }),
    ...(traceFile !== undefined && { traceFile }), ...interpreterOf(values),
    ...statsOf(values),
    ...(netDump !== undefined && { netDump }),
    ...(at !== undefined && { at: number("at", at, 0, 0, MANY) }),
    ...(values.gdb !== undefined && { gdb: {
      port: number("gdb", values.gdb, 0, 0, 0xffff),
      wait: values.wait ?? false,
    } }),
  };
}
const COMMANDS = ["run", "machine", "explore", "symbols"] as const;

function commandOf(
  words: readonly string[],
): typeof COMMANDS[number] {
  const [typed = "run", extra] = words;
  const command = COMMANDS.find((name) => name === typed);
  if (!command) {
    throw new UserError(`unknown command ${typed || '""'}; ` +
      "there are run, machine, explore and symbols (try --help)");
  }
  if (extra !== undefined) {
    throw new UserError(
      `"${extra}" is one word too many; a kernel is --kernel FILE`);
  }
  return command;
}
