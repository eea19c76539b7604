// Woven from chapters/670-oops.md.
// What is left of a Host that died, read from outside.
import { nameAddress } from "../assembler";
import { ACTIVITY, CR2, EIP, ESP, SHUTDOWN, hex32 } from "../machine";
import type { Machine } from "../machine";
import { damage } from "./damage";
import { hostMemory } from "./hostmemory";
import type { HostImage } from "./image";
import { get } from "./layout";
import { place } from "./map";
import { inOneLine, Oops } from "./oops";
import type { Symbols } from "./oops";
import { HOST, Shared } from "./structures";

/** The Host's last words in one line, if a trap killed it. */
export function hostOops(
  machine: Machine, symbols?: Symbols,
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

function traceOf(last: Oops, symbols: Symbols): string[] {
  const found: string[] = [];
  for (let i = 0; i < last.words; i++) {
    const word = last.stack.get(i);
    if (word >= place.TEXT && word < HOST)
      found.push(nameAddress(word, symbols) ?? hex32(word));
  }
  return found.length === 0 ? [] : [`on the stack: ${found.join(", ")}`];
}

/** All that is left of a Host that died; undefined if it lives. With its
 * image there are names, and what of it was overwritten. */
export function hostDeath(
  machine: Machine, image?: HostImage,
): string[] | undefined {
  const first = hostOops(machine, image?.symbols) ??
    shutDown(machine, image?.symbols);
  if (first === undefined || !image) return first ? [first] : undefined;
  const last = new Oops(hostMemory(machine), HOST);
  const oopsed = hostOops(machine) !== undefined;
  return [first, ...oopsed ? registersOf(last) : [],
    ...oopsed ? traceOf(last, image.symbols) : [],
    ...damage(machine, image)];
}

function shutDown(machine: Machine, symbols?: Symbols): string | undefined {
  const cpu = machine.cpus.find(({ w }) => w[ACTIVITY] === SHUTDOWN);
  if (!cpu) return undefined;
  const eip = cpu.w[EIP]! >>> 0, name = symbols && nameAddress(eip, symbols);
  return `it triple-faulted at 0x${hex32(eip)}${name ? ` (${name})` : ""} ` +
    `on CPU ${cpu.id}, esp 0x${hex32(cpu.w[ESP]!)}, ` +
    `cr2 0x${hex32(cpu.w[CR2]!)}`;
}
