// The hunt's experiments: who turns PGE off, where the Guest is, what the
// TLBs are like, how the Host's pages are, where the Guest is linked.
import { checkTlb } from "../../src/debug";
import type { StaleUse } from "../../src/debug";
import { firstGuestText, guestImage, guestText, linkedGuest }
  from "../../src/guest";
import { boot, run, typedTlb } from "../../src/launcher";
import type { BootOptions, End, Session } from "../../src/launcher";
import { CR4, CR4_PGE } from "../../src/machine";

const MiB = 1024 * 1024;

/** Which kernel, where it lives, and when it is moved if it is: in the
 * middle of its life, under Host pages of each size. */
export interface Shape {
  readonly name: string;
  readonly image: Uint8Array;
  readonly moveAt: Readonly<Record<"4m" | "4k", number>>;
}

const links = [[0xc0120000, 0xc0119000], [0xc0130000, 0xc0119000],
  [0xc0130000, 0xc0110100], [0xc0400000, 0xc0119000],
  [0xc0400000, 0xc0110100]] as const;
const hex = (address: number) => address.toString(16);

/** A small kernel, or the default one, as they are, and linked elsewhere. */
export function shapesOf(kernel: "first" | "default"): Shape[] {
  const text = kernel === "first" ? firstGuestText : guestText;
  const moveAt = kernel === "first" ? { "4m": 14_000, "4k": 42_000 }
    : { "4m": 40_000, "4k": 60_000 };
  return [{ name: `${kernel}, as it is`, image: guestImage(text), moveAt },
    ...links.map(([at, stack]) => ({ moveAt,
      name: `${kernel} @${hex(at)}/${hex(stack)}`,
      image: linkedGuest(text, { text: at, stack }) }))];
}

/** Where the Guest runs: bound to CPU 0, which loads lguest; bound to CPU
 * 1; where it likes, beside two Host programs that begin on CPU 0; or moved
 * to CPU 1 when it is under way. */
export const places = ["good CPU", "other CPU", "free", "moved"] as const;
export type Place = typeof places[number];
export const pges = ["all-cpus", "this-cpu"] as const;
export const tlbs = ["2048/1024", "64/32", "forgets-globals"] as const;
export const hostPages = ["4m", "4k"] as const;

/** One experiment but for its seed. */
export interface Cell {
  readonly shape: Shape;
  readonly pge: typeof pges[number];
  readonly place: Place;
  readonly tlb: typeof tlbs[number];
  readonly hostPages: typeof hostPages[number];
}

/** What may come out: the Guest powers off; it is killed, or finds itself
 * broken; the Host oopses; nothing ends. */
export const outcomes = { fine: ".", killed: "K", oops: "O", hangs: "H" };
export type Outcome = keyof typeof outcomes;

const outcomeOf: Record<End["status"], Outcome> =
  { 0: "fine", 1: "killed", 3: "oops", 4: "hangs" };

/** What was measured on a real kernel with lguest, as far as it was: with the
 * bug in it, on two emulators. */
export function measured({ pge, place, tlb, hostPages }: Omit<Cell, "shape">):
string {
  if (tlb === "forgets-globals" || place === "good CPU") return "fine";
  if (pge === "all-cpus") return place === "moved" ? "fine" : "fine, free";
  const size = tlb === "64/32" ? `64/32 ${hostPages}` : tlb;
  return kernelOf2016[place][size] ?? "not measured";
}

/** By place, and by the TLBs' size: Linux 4.9 with the bug put back. */
const kernelOf2016: Record<Exclude<Place, "good CPU">,
Record<string, string>> = {
  "other CPU": { "2048/1024": "killed 14 of 14", "64/32 4k": "killed 3 of 3",
    "64/32 4m": "killed at once" },
  "free": { "2048/1024": "oops 4 of 5, killed 1", "64/32 4k": "killed 3 of 3",
    "64/32 4m": "killed, then an oops" },
  "moved": { "2048/1024": "oops 3 of 3", "64/32 4k": "killed",
    "64/32 4m": "oops 2 of 2" },
};

/** What has been seen of one run. */
export interface Seen {
  readonly outcome: Outcome;
  readonly end: End;
  /** The Guest has been on a CPU that kept PGE, and whose TLB knows what
   * that is. */
  readonly exposed: boolean;
}

/** An experiment's machine; the seed decides how its CPUs take turns. */
export function prepare(cell: Cell, seed: number): Session {
  const { shape: { image, moveAt }, pge, tlb, place } = cell;
  const places: Record<Place, Partial<BootOptions>> = {
    "good CPU": { pin: 0 }, "other CPU": { pin: 1 },
    "free": { hostLoad: 2, loadOn: 0 },
    "moved": { migrateAt: [{ at: moveAt[cell.hostPages], cpu: 1 }] } };
  return boot({ cpus: 2, seed, pge, hostPages: cell.hostPages,
    tlb: typedTlb(tlb), schedule: { kind: "random", quantum: 2000 },
    guests: [{ name: "the Guest", image, commandLine: "",
      memory: 8 * MiB }], ...places[place] });
}

/** Runs an experiment to its end. */
export function experiment(cell: Cell, seed: number, budget: number): Seen {
  const session = prepare(cell, seed), { machine } = session;
  let exposed = false;
  machine.events.on(({ kind, cpu }) => {
    if (kind === "switch" && machine.cpus[cpu]!.w[CR4]! & CR4_PGE)
      exposed ||= cell.tlb !== "forgets-globals";
  });
  const end = run(session, budget);
  return { outcome: outcomeOf[end.status], end, exposed };
}

/** The same once more, with an eye on every translation. */
export function staleUses(
  cell: Cell, seed: number, budget: number,
): StaleUse[] {
  const session = prepare(cell, seed), uses: StaleUse[] = [];
  checkTlb(session.machine, (use) => uses.push(use));
  run(session, budget);
  return uses;
}
