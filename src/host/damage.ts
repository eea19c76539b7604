// Woven from chapters/670-oops.md.
// What of the Host is no longer what it was made of.
import { hex32 } from "../machine";
import type { Machine } from "../machine";
import { hostMemory } from "./hostmemory";
import type { HostImage } from "./image";
import { get } from "./layout";
import { place } from "./map";
import { placeOf } from "./oops";
import { ownDescriptors, ownGate } from "./setup";
import { cpuArea, HOST, PerCpu, Shared } from "./structures";

/** A TSS descriptor is busy or not; the rest stays as it is. */
const BUSY = 0x200;

/** A sentence for each kind of damage. */
export function damage(machine: Machine, image: HostImage): string[] {
  const memory = hostMemory(machine), { symbols } = image;
  const found: string[] = [];
  const compare = (
    what: string, at: number, [low, high]: readonly [number, number],
  ) => {
    const is = memory.load32(at) >>> 0, up = memory.load32(at + 4) >>> 0;
    if (is !== low >>> 0 || (up & ~BUSY) !== (high & ~BUSY))
      found.push(`${what} is damaged: ${hex32(up)} ${hex32(is)}`);
  };
  const there = (at: number) =>
    (memory.load32(at) | memory.load32(at + 4)) !== 0;
  const text = machine.readRam(image.origin, HOST - place.TEXT);
  const wrong = [...text.keys()].filter((i) => text[i] !== image.bytes[i]);
  if (wrong.length > 0) {
    const first = place.TEXT + wrong[0]!;
    found.push(`${wrong.length} bytes of the Host's text are damaged, from ` +
      `${placeOf(first, symbols)} on`);
  }
  for (let n = 0; n < 256; n++)
    compare(`the gate of vector ${n}`, place.IDT + 8 * n,
      ownGate(n, symbols.get(`trap_${n}`) ?? 0));
  for (let n = 0; n < machine.cpus.length; n++) {
    const gdt = cpuArea(n) + PerCpu.gdt.offset;
    const loaded = image.descriptors.filter(([at]) => there(gdt + at));
    for (const [at, words] of [...ownDescriptors(n), ...loaded])
      compare(`descriptor 0x${at.toString(16)} of CPU ${n}`,
        gdt + (at & ~7), words);
  }
  return found.length <= MOST ? found
    : [...found.slice(0, MOST), `and ${found.length - MOST} more like that`];
}

const MOST = 6;
