// Woven from chapters/610-costs.md.
import { accountLines, sumOf, tallySwitches } from "../debug";
import type { Account, Counts } from "../debug";
import { oneLine, UserError } from "../launcher";
import type { Session } from "../launcher";
import type { Io } from "./io";
import type { Values } from "./words";

/** How somebody wants to be told what Guests cost. */
export type StatsForm = "table" | "json";

/** What was asked for, if anything was; throws UserError. */
export function statsOf({ stats, json }: Values): { stats?: StatsForm } {
  if (json && !stats)
    throw new UserError("--json says how to tell; add --stats");
  return stats ? { stats: json ? "json" : "table" } : {};
}

/** What one machine has cost. */
interface Bill {
  readonly instructions: number;
  readonly ticks: number;
  readonly guests: readonly { name: string; account: Account }[];
}

/** Keeps accounts of one machine after the other, if that was asked for. */
export class Statistics {
  private bill: (() => Bill) | undefined;

  constructor(
    private readonly form: StatsForm | undefined, private readonly io: Io,
  ) {}

  /** Begins to look on; the function that comes back ends it. */
  follow({ machine, options }: Session): () => void {
    if (!this.form) return () => {};
    const { count, time } = machine, tally = tallySwitches(machine);
    this.bill = () => ({
      instructions: machine.count - count, ticks: machine.time - time,
      guests: options.guests.map(({ name }, guest) =>
        ({ name, account: tally.of(guest) })) });
    return () => tally.stop();
  }

  /** Says what the last one has cost, once. */
  tell(): void {
    const bill = this.bill?.();
    this.bill = undefined;
    if (bill) this.io.complain(this.form === "json" ? json(bill) : table(bill));
  }
}

function table({ instructions, ticks, guests }: Bill): string {
  const head = `${instructions} instructions, ${ticks} ticks\n`;
  return head + guests.map(({ name, account }) =>
    [`${oneLine(name)}:`, ...accountLines(account), ""].join("\n")).join("");
}

const json = ({ guests, ...rest }: Bill) => `${JSON.stringify({ ...rest,
  guests: guests.map(({ name, account: { causes, posted, interrupts } }) =>
    ({ name, worldSwitches: sumOf(causes), causes: record(causes),
      posted: record(posted), interrupts: record(interrupts) })) })}\n`;

const record = (counts: Counts) => Object.fromEntries(counts);
