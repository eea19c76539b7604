// Woven from chapters/816-typing.md.
import { MiB, MOST_CPUS, MOST_FOR_MACHINES, UserError } from
  "../launcher";
import type { RunSchedule } from "../launcher";
import { civil, secondsOf } from "../machine";
import { FOR_RUN } from "./circumstances";
import type { GdbCall } from "./debug";
import { interpreterOf } from "./interpreter";
import type { Interpreter } from "./interpreter";
import { MANY, number, schedule } from "./numbers";
import { GDB_PORT } from "./words";
import type { Values } from "./words";

/** A call of `machine`, with all defaults filled in. */
export interface MachineCall {
  readonly command: "machine";
  readonly kernel?: string;
  readonly rom?: string;
  readonly initrd?: string;
  readonly modules: readonly { path: string; text: string }[];
  readonly append: string;
  /** Bytes. */
  readonly memory: number;
  readonly cpus: number;
  readonly schedule?: RunSchedule;
  readonly seed: number;
  /** Seconds since 1970. */
  readonly date?: number;
  readonly postPort?: number;
  readonly reboot: boolean;
  readonly maxInstructions: number;
  readonly snapshot?: string;
  readonly at?: number;
  readonly restore?: string;
  readonly record?: string;
  readonly replay?: string;
  readonly trace: boolean;
  readonly traceFile?: string;
  readonly interpreter?: Interpreter;
  readonly gdb?: GdbCall;
}

/** Reads the words behind `lguest machine`; throws UserError. */
export function understandMachine(values: Values): MachineCall {
  const { kernel, rom, initrd, module = [] } = values;
  const { restore, replay } = values;
  for (const name of FOR_RUN) {
    if (values[name] !== undefined) {
      throw new UserError(`--${name} is for run, not for machine`);
    }
  }
  if (kernel !== undefined && rom !== undefined) {
    throw new UserError("--kernel and --rom exclude each other: " +
      "a ROM loads its own");
  }
  if (kernel === undefined && replay === undefined) {
    const lost = initrd !== undefined ? "initrd"
      : module.length ? "module"
        : values.append !== undefined ? "append" : undefined;
    if (lost) throw new UserError(`--${lost} goes with --kernel FILE`);
  }
  const nothing = [kernel, rom, restore, replay].every(
    (one) => one === undefined);
  const gdb = values.gdb ?? (nothing ? GDB_PORT : undefined);
  const given = <T, K extends string>(key: K, value: T | undefined) =>
    (value === undefined ? {} : { [key]: value }) as { [k in K]?: T };
  const max = values["max-instructions"], post = values["post-port"];
  return {
    command: "machine",
    ...given("kernel", kernel), ...given("rom", rom),
    ...given("initrd", initrd), modules: module.map(moduleOf),
    append: values.append ?? "",
    memory: number("memory", values.memory, 64, 1, MOST_FOR_MACHINES / MiB) *
      MiB,
    cpus: number("cpus", values.cpus, 1, 1, MOST_CPUS),
    seed: number("seed", values.seed, 1, 0, 2 ** 32 - 1),
    ...given("schedule", values.schedule === undefined ? undefined
      : schedule(values.schedule)),
    ...given("date", values.date === undefined ? undefined
      : dateOf(values.date)),
    ...given("postPort", post === undefined ? undefined : portOf(post)),
    reboot: values.reboot ?? false,
    maxInstructions: number("max-instructions", max, Infinity, 1, MANY),
    ...given("snapshot", values.snapshot),
    ...given("at", values.at === undefined ? undefined
      : number("at", values.at, 0, 0, MANY)),
    ...given("restore", restore), ...given("record", values.record),
    ...given("replay", replay), trace: values.trace ?? false,
    ...given("traceFile", values["trace-file"]), ...interpreterOf(values),
    ...given("gdb", gdb === undefined ? undefined : {
      port: number("gdb", gdb, 0, 0, 0xffff),
      wait: (values.wait ?? false) || nothing,
    }),
  } as MachineCall;
}
function moduleOf(word: string): { path: string; text: string } {
  const at = word.indexOf("=");
  return at < 0 ? { path: word, text: word }
    : { path: word.slice(0, at), text: word.slice(at + 1) };
}

function portOf(text: string): number {
  const value = /^(0x[0-9a-f]{1,4}|\d{1,5})$/i.test(text) ? Number(text)
    : -1;
  if (value >= 0 && value <= 0xffff) return value;
  throw new UserError(`--post-port ${text}: it is a port, such as 0x80`);
}

function dateOf(text: string): number {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?Z?)?$/.exec(text);
  const [year, month, day, hour = 0, minute = 0, second = 0] =
    (match ?? []).slice(1).map((part) => Number(part ?? 0));
  const seconds = secondsOf({ year: year!, month: month!, day: day!, hour,
    minute, second });
  // There is no 30th of February: it is shown as another day.
  const good = match && month! >= 1 && month! <= 12 &&
    civil(seconds).day === day && hour < 24 && minute < 60 && second < 60;
  if (!good) {
    throw new UserError(`--date ${text}: write 2007-10-09 or ` +
      "2007-10-09T20:31:38");
  }
  return seconds;
}
