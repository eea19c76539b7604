// Woven from chapters/670-oops.md.
// What is left of a Host that died, read from outside.
import { nameAddress } from "../assembler";
import type { SymbolTable } from "../assembler";
import { ACTIVITY, CR2, EIP, ESP, SHUTDOWN, hex32 } from "../machine";
import type { Machine } from "../machine";
import { damage } from "./damage";
import { hostMemory } from "./hostmemory";
import type { HostImage } from "./image";
import { get } from "./layout";
import { place } from "./map";
import { inOneLine, Oops, oopsLayout, placeOf } from "./oops";
import { HOST, Shared } from "./structures";

/** The Host's last words in one line, if a trap killed it. */
export function hostOops(
  machine: Machine, symbols?: SymbolTable,
): string | undefined {
  const memory = hostMemory(machine);
  if (get(memory, HOST, Shared.oopsed) !== 1) return undefined;
  return inOneLine(new Oops(memory, HOST), symbols);
}

function registersOf(last: Oops): string[] {
  const show = (names: readonly (keyof Oops & string)[]) =>
    names.map((name) => `${name} ${hex32(Number(last[name]))}`).join(" ");
  return [show(["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"]),
    show(["cs", "eflags", "cr2", "cr3", "thread"])];
}

function traceOf(last: Oops, symbols: SymbolTable): string[] {
  const found: string[] = [];
  const kept = Math.min(last.words, oopsLayout.field.stack.count);
  for (let i = 0; i < kept; i++) {
    const word = last.stack.get(i);
    if (word >= place.TEXT && word < HOST)
      found.push(nameAddress(word, symbols) ?? hex32(word));
  }
  return found.length === 0 ? [] : [`on the stack: ${found.join(", ")}`];
}

/** All that is left of a Host that died; undefined if it lives. With its
 * image there are names, and what of it was overwritten. */
export function hostDeath(
  machine: Machine, imageOf?: () => HostImage,
): string[] | undefined {
  const dead = hostOops(machine) ?? shutDown(machine);
  if (dead === undefined || !imageOf) return dead ? [dead] : undefined;
  const image = imageOf(), { symbols } = image;
  const oops = hostOops(machine, symbols), hurt = damage(machine, image);
  if (oops === undefined) return [shutDown(machine, symbols)!, ...hurt];
  const last = new Oops(hostMemory(machine), HOST);
  return [oops, ...registersOf(last), ...traceOf(last, symbols), ...hurt];
}

function shutDown(
  machine: Machine, symbols?: SymbolTable,
): string | undefined {
  const cpu = machine.cpus.find(({ w }) => w[ACTIVITY] === SHUTDOWN);
  if (!cpu) return undefined;
  return `it triple-faulted at ${placeOf(cpu.w[EIP]! >>> 0, symbols)} ` +
    `on CPU ${cpu.id}, esp 0x${hex32(cpu.w[ESP]!)}, ` +
    `cr2 0x${hex32(cpu.w[CR2]!)}`;
}
