// Woven from chapters/800-record.md.
// What files claim, and what we believe of it.
import * as v from "valibot";
import { FOR_EVER, layOut, TLB_MOST } from "../machine";
import type { MachineOptions } from "../machine";
import { UserError } from "./error";

/** A whole number within limits. */
export const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** A line of JSON that must have the shape of a schema; UserError says
 * which key hasn't. `what` is what the file would be, `place` where. */
export function readBack<S extends v.GenericSchema>(
  line: string, schema: S, what: string, place: string,
): v.InferOutput<S> {
  const damaged = (why: string) =>
    new UserError(`is a damaged ${what}: ${place}${why}; copy it again`);
  let claim: unknown;
  try {
    claim = JSON.parse(line);
  } catch {
    throw damaged(" is not JSON");
  }
  const { success, output, issues } = v.safeParse(schema, claim);
  if (success) return output;
  const [issue] = issues, key = v.getDotPath(issue);
  const why = issue.expected === "never" ? "there is no such key"
    : issue.message;
  throw damaged(`${key ? `, ${key.slice(0, 40)}` : ""}: ` +
    why.slice(0, 160));
}

/** The most that the command gives: CPUs, and instructions of a turn. */
export const MOST_CPUS = 8, MOST_QUANTUM = 1_000_000;
/** The most turns of a recorded list. */
export const MOST_TURNS = 0x10000;

const quantum = whole(1, MOST_QUANTUM), cpu = whole(0, 15);
const turn = whole(1, FOR_EVER);

/** A schedule's kind, and the most of a turn. */
export const typedSchedule = v.strictObject({
  kind: v.picklist(["round-robin", "random"]), quantum });

export type TypedSchedule = v.InferOutput<typeof typedSchedule>;

/** Turns that were recorded, or made up. */
const listed = v.strictObject({ kind: v.literal("list"),
  turns: v.pipe(v.array(v.strictObject({ cpu, instructions: turn })),
    v.nonEmpty(), v.maxLength(MOST_TURNS)),
  then: v.exactOptional(turn) });

const ranks = v.strictObject({ kind: v.literal("priorities"), quantum,
  order: v.pipe(v.array(cpu), v.maxLength(16)),
  changes: v.pipe(v.array(whole(0)), v.maxLength(MOST_TURNS)) });

/** A schedule that the command can be asked for, or finds. */
export const runSchedule = v.variant("kind", [typedSchedule, listed]);

export type RunSchedule = v.InferOutput<typeof runSchedule>;

/** Any schedule that such a machine can have. */
export const anySchedule =
  v.variant("kind", [typedSchedule, listed, ranks]);

/** Whether a schedule gives turns to each CPU, and to no other. */
export function fits(
  schedule: v.InferOutput<typeof anySchedule> | undefined, cpus: number,
): boolean {
  if (schedule?.kind === "priorities") {
    return schedule.order.length === cpus &&
      schedule.order.every((one, i, all) =>
        one < cpus && all.indexOf(one) === i);
  }
  if (schedule?.kind !== "list") return true;
  const named = new Set(schedule.turns.map((one) => one.cpu));
  const all = schedule.then !== undefined || named.size === cpus;
  return all && [...named].every((one) => one < cpus);
}

/** Seconds since 1970, within four digits of a year. */
export const dateShape = whole(-62_167_219_200, 253_402_300_799);

/** What can be chosen of a machine's TLBs. */
export const tlbShape = v.strictObject({
  dataTlb: v.optional(whole(1, TLB_MOST)),
  codeTlb: v.optional(whole(1, TLB_MOST)),
  forgetsGlobals: v.optional(v.boolean()),
});

/** What `new Machine` takes. */
export const machineShape = v.pipe(
  v.strictObject({
    cpus: v.optional(whole(1, 16)), memory: whole(4096),
    seed: v.optional(whole(0, 2 ** 32 - 1)), rom: v.optional(whole(0)),
    storage: v.optional(whole(0)),
    ...tlbShape.entries, ticksPerSecond: v.optional(whole(1)),
  }),
  v.check((options) => canBe(options), "There is no such machine"));

function canBe(options: MachineOptions): boolean {
  try {
    return layOut(options).total > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
