// Woven from chapters/610-costs.md.
// Accounts of what Guests cost, from the event stream.
import { trapNames, vector } from "../host";
import { hypercalls, lguestMap } from "../lguest";
import { PF } from "../machine";
import type { Machine, MachineEvent } from "../machine";

/** What hypercalls are called. */
export const hypercallNames: Readonly<Record<number, string>> =
  Object.fromEntries(Object.entries(hypercalls).map(([name, n]) => [n, name]));

/** How often each; the names are for people. */
export type Counts = ReadonlyMap<string, number>;

/** What a Guest has cost since the accounts began. */
export interface Account {
  /** World switches by cause. */
  readonly causes: Counts;
  /** Posted hypercalls, which cost no switch of their own. */
  readonly posted: Counts;
  /** Interrupts that it was given. */
  readonly interrupts: Counts;
}

/** The accounts of a machine's Guests. */
export interface Tally {
  /** That of the Guest with this number. */
  of(guest: number): Account;
  /** Ends the accounts. */
  stop(): void;
}

const { LGUEST_TRAP } = lguestMap, SYSTEM_CALL = 128;

const isHosts = (trap: number) =>
  trap >= 32 && trap < 256 && trap !== SYSTEM_CALL;

/** What traps and interrupts are called, those that have a name. */
export const vectorNames: Readonly<Record<number, string>> = {
  ...trapNames, [LGUEST_TRAP]: "hypercall", [SYSTEM_CALL]: "system call",
  [vector.TIMER_VECTOR]: "the Host's timer",
};

function nameOf(trap: number): string {
  return vectorNames[trap] ?? (isHosts(trap)
    ? "another interrupt of the Host's" : `trap ${trap}`);
}

const ENDING: Readonly<Record<string, string>> = {
  "reflect": "reflected",
  "emulate": "emulated",
  "ask-launcher": "for the Launcher",
  "killed": "the last one",
};

/** What a switch was for, by its trap and what came next. */
function causeOf(trap: number, next: MachineEvent): string | undefined {
  const { kind } = next;
  if (kind === "hypercall" && trap === LGUEST_TRAP && !next.posted)
    return hypercallNames[Number(next.number)] ?? "a bad hypercall";
  const ending = kind === "shadow-fill" && trap === PF ? "shadow filled"
    : ENDING[kind];
  return ending && `${nameOf(trap)}, ${ending}`;
}

const NONE = -1;

class Book implements Account {
  readonly causes = new Map<string, number>();
  readonly posted = new Map<string, number>();
  readonly interrupts = new Map<string, number>();
  private open = NONE;

  hear(event: MachineEvent): void {
    const { kind } = event;
    if (kind === "switch") this.begin(Number(event.trap));
    else if (this.open !== NONE) this.answer(causeOf(this.open, event));
    if (kind === "guest-irq") book(this.interrupts, `irq ${event.irq}`, 1);
    if (kind === "hypercall" && event.posted)
      book(this.posted, hypercallNames[Number(event.number)] ?? "a bad one", 1);
  }

  private begin(trap: number): void {
    book(this.causes, nameOf(trap), 1);
    this.open = isHosts(trap) ? NONE : trap;
  }

  private answer(cause: string | undefined): void {
    if (cause === undefined) return;
    book(this.causes, nameOf(this.open), -1);
    book(this.causes, cause, 1);
    this.open = NONE;
  }
}

function book(counts: Map<string, number>, name: string, n: number): void {
  const sum = (counts.get(name) ?? 0) + n;
  if (sum > 0) counts.set(name, sum);
  else counts.delete(name);
}
/** Begins to keep accounts of a machine's Guests. */
export function tallySwitches(machine: Machine): Tally {
  const books: Book[] = [];
  const of = (guest: number) => books[guest] ??= new Book();
  const stop = machine.events.on((event) => {
    if (typeof event.guest === "number") of(event.guest).hear(event);
  });
  return { of, stop };
}

/** All of them together. */
export const sumOf = (counts: Counts) =>
  [...counts.values()].reduce((a, b) => a + b, 0);

const line = (n: number, what: string) => `${String(n).padStart(8)}  ${what}`;

function tableOf(what: string, counts: Counts): string[] {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return [line(sumOf(counts), what),
    ...sorted.map(([name, n]) => line(n, `  ${name}`))];
}

/** An account in lines. */
export const accountLines = ({ causes, posted, interrupts }: Account) => [
  ...tableOf("world switches", causes),
  ...tableOf("posted hypercalls", posted),
  ...tableOf("interrupts for it", interrupts)];
