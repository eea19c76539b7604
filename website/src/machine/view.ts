// The machine's state, in pictures and words.
import { drawAddress, drawCode, drawCpu, drawGdt, drawIdt, drawMemory,
  drawTlb, drawTss, drawWorlds, hypercallNames, vectorNames, whereIs,
  whoseTables } from "../../../src/debug";
import type { Where } from "../../../src/debug";
import { factText } from "../../../src/debug/trace";
import type { Shape } from "../../../src/debug/picture";
import { CPL, EIP, hex32 } from "../../../src/machine";
import type { Cpu, Machine, MachineEvent } from "../../../src/machine";
import type { History } from "./history";
import type { Lines } from "./lines";
import type { PanelName, Watch } from "./panels";
import type { Happening, Place, View } from "./protocol";

/** What a picture is drawn from. */
export interface Scene {
  readonly machine: Machine;
  /** The Guests' names. */
  readonly names: readonly string[];
  readonly lines: Lines;
  readonly history: History;
}

type Draw = (scene: Scene, cpu: Cpu, watch: Watch) =>
  readonly { readonly shapes: readonly Shape[] }[];

const drawn: Partial<Record<PanelName, Draw>> = {
  cpu: ({ machine }) => machine.cpus.map(drawCpu),
  code: ({ machine, lines }, cpu) => {
    const where = whereIs(machine, cpu.id);
    return [drawCode(cpu, (address) => lines.label(where, address))];
  },
  tlb: ({ machine, names }, cpu) =>
    [drawTlb(cpu, whoseTables(machine, names), 24)],
  address: ({ machine, names }, cpu, { address }) =>
    [drawAddress(machine, cpu, address, whoseTables(machine, names))],
  tables: (_, cpu) => [drawGdt(cpu), drawIdt(cpu), drawTss(cpu)],
  worlds: ({ machine }, cpu) => [drawWorlds(machine, cpu.id)],
  memory: (_, cpu, { address }) => [drawMemory(cpu, address)],
  timeline: ({ machine, history }, _, { zoom }) =>
    [{ shapes: history.draw(machine.count, zoom) }],
};

/** The pictures of the panels that are open. The timeline waits until the
 * machine has stopped. */
export function picturesOf(
  scene: Scene, watch: Watch, running: boolean,
): View["pictures"] {
  const cpu = scene.machine.cpus[watch.cpu] ?? scene.machine.cpus[0]!;
  const pictures: Partial<Record<PanelName, Shape[][]>> = {};
  for (const name of watch.panels)
    if (!(running && name === "timeline")) pictures[name] = drawn[name]?.(scene, cpu, watch)
      .map(({ shapes }) => [...shapes]);
  return pictures;
}

function wordsFor(where: Where, { w }: Cpu, names: readonly string[]): string {
  if (typeof where !== "number")
    return where === "program" ? "a program of the Host's"
      : where === "Host" || where === "Switcher" ? `the ${where}` : where;
  return `${names[where] ?? "a Guest"}, ring ${w[CPL]}`;
}

const named = (number: number, name: string | undefined) =>
  name === undefined ? `${number}` : `${number} (${name})`;

/** The stub of the Switcher's that an address is in. No chapter has a line
 * for it: stubs are made in a loop. */
function stubAt({ lines }: Scene, where: Where, eip: number) {
  const label = where === "Switcher" ? lines.label(where, eip)?.[0] : "";
  const vector = /^guest_trap_(\d+)$/.exec(label ?? "")?.[1];
  return vector && `stub of vector ${named(+vector, vectorNames[+vector])}`;
}

/** Where each CPU is, and at which line if that is asked. */
export function placesOf(scene: Scene, withLines: boolean): Place[] {
  const { machine, names } = scene;
  return machine.cpus.map((cpu): Place => {
    const where = whereIs(machine, cpu.id), eip = cpu.w[EIP]! >>> 0;
    const line = withLines ? scene.lines.place(where, eip) : undefined;
    const stub = withLines ? stubAt(scene, where, eip) : undefined;
    return { cpu: cpu.id, where: wordsFor(where, cpu, names), eip,
      ...(stub && { stub }), ...(line && { line }) };
  });
}

/** The kinds of events that are worth a line. */
export const worthTelling: ReadonlySet<string> = new Set([
  "switch", "hypercall", "exception", "interrupt", "shadow-fill",
  "killed", "guest-end", "oops", "shutdown", "stale",
]);

/** A number that has a name, with it. */
function withName(fact: string, value: unknown): string | undefined {
  if (typeof value !== "number") return undefined;
  return fact === "vector" || fact === "trap"
    ? named(value, vectorNames[value])
    : fact === "number" ? named(value, hypercallNames[value]) : undefined;
}

/** An event as a line. */
export function happening(event: MachineEvent): Happening {
  const { kind, count, cpu, ...rest } = event;
  const hex = (word: number) => `0x${hex32(word)}`;
  const text = Object.entries(rest)
    .filter(([name, value]) => value !== undefined && name !== "guest")
    .map(([name, value]) =>
      `${name} ${withName(name, value) ?? factText(name, value, hex)}`)
    .join(", ");
  return { count, kind, text: `${cpu > 0 ? `CPU ${cpu}: ` : ""}${text}` };
}
