// Woven from chapters/800-record.md.
// What files claim, and what we believe of it.
import * as v from "valibot";
import { layOut, TLB_MOST } from "../machine";
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

const quantum = whole(1, MOST_QUANTUM);

/** A schedule's kind, and the most of a turn. */
export const typedSchedule = v.strictObject({
  kind: v.picklist(["round-robin", "random"]), quantum });

export type TypedSchedule = v.InferOutput<typeof typedSchedule>;

/** Any schedule that such a machine can have. */
export const anySchedule = v.variant("kind", [typedSchedule,
  v.strictObject({ kind: v.literal("list"),
    turns: v.pipe(v.array(v.strictObject(
      { cpu: whole(0, 15), instructions: quantum })), v.nonEmpty()) })]);

/** Whether a schedule gives a turn to each CPU, and to no other. */
export function fits(
  schedule: v.InferOutput<typeof anySchedule> | undefined, cpus: number,
): boolean {
  if (schedule?.kind !== "list") return true;
  const named = new Set(schedule.turns.map((turn) => turn.cpu));
  return named.size === cpus && Math.max(...named) < cpus;
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
