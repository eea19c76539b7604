// Woven from chapters/810-guests.md.
// Where Guests run, beside whom, and with how small a TLB.
import * as v from "valibot";
import { PROGRAMS_MAX } from "../host";
import { lguestMap, ptePages } from "../lguest";
import type { HostOptions, PtePage } from "../lguest";
import { UserError } from "./error";
import { tlbShape, whole } from "./readback";
import type { TlbOptions } from "./tlb";

/** What may be asked of a Host with several CPUs, and of its TLBs. */
export interface Circumstances
  extends Pick<HostOptions, "hostPolicy" | "ptePage" | "hostLoad" |
    "loadOn"> {
  /** The CPU of all Guests that are bound to no other. */
  readonly pin?: number;
  /** Guests move to a CPU when so many instructions have retired; in
   * rising order. */
  readonly migrateAt?: readonly Migration[];
  /** They move to the next CPU each time that so many have retired. */
  readonly migrateEvery?: number;
  /** What the machine's TLBs are like. */
  readonly tlb?: TlbOptions;
}

/** A count of instructions, and where to go then. */
export interface Migration {
  readonly at: number;
  readonly cpu: number;
}

/** The most that may be asked for. */
export const MOST_GUESTS = lguestMap.GUESTS_MAX, MOST_LOAD = PROGRAMS_MAX,
  MOST_MIGRATIONS = 1000;

/** The words that may be said of moves, and of the Switcher's tables. */
export const HOST_POLICIES = ["free", "one-cpu"] as const,
  PTE_PAGES = Object.keys(ptePages) as PtePage[];

/** Up to 16 letters that can be seen, without colon or comma. */
export const guestName = /^(?! )[ -+\--9;-~]{1,16}(?<! )$/;

const cpu = whole(0, 15);

const migrations = v.pipe(
  v.array(v.strictObject({ at: whole(0), cpu })), v.maxLength(MOST_MIGRATIONS),
  v.check((list) => list.every(({ at }, i) => i === 0 || at > list[i - 1]!.at),
    "They go back in time"), v.readonly());

/** The same, for schemas of what is read back. */
export const circumstances = {
  hostPolicy: v.optional(v.picklist(HOST_POLICIES)),
  ptePage: v.optional(v.picklist(PTE_PAGES)),
  hostLoad: v.optional(whole(0, MOST_LOAD)),
  loadOn: v.optional(cpu), pin: v.optional(cpu),
  migrateAt: v.optional(migrations), migrateEvery: v.optional(whole(1)),
  tlb: v.optional(tlbShape),
};

/** What is asked for, out of a record with more in it. */
export function circumstancesOf(options: Circumstances): Circumstances {
  const keys = Object.keys(circumstances) as (keyof Circumstances)[];
  return Object.fromEntries(keys.flatMap((key) =>
    options[key] === undefined ? [] : [[key, options[key]]]));
}

/** Whether a machine with so many CPUs has all that are named. */
export function cpusThere(
  { pin = 0, loadOn = 0, migrateAt = [] }: Circumstances,
  guests: readonly { readonly cpu?: number }[], cpus: number,
): boolean {
  return [pin, loadOn, ...migrateAt.map((one) => one.cpu),
    ...guests.map((guest) => guest.cpu ?? 0)].every((cpu) => cpu < cpus);
}

/** A UserError if the machine hasn't a CPU that is named. */
export function checkCpus(options: Circumstances & {
  readonly cpus?: number; readonly guests: readonly { cpu?: number }[];
}): void {
  const { cpus = 1, guests } = options;
  if (cpusThere(options, guests, cpus)) return;
  throw new UserError(`a CPU is named that a machine with cpus: ${cpus} ` +
    "doesn't have; give it more, or name one from 0 on");
}
