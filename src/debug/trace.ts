// Woven from chapters/800-record.md.
import { disassemble } from "../assembler";
import type { Cpu, Machine, MachineEvent } from "../machine";
import {
  BASE, CPL, CR0, CR0_PG, CR2, CR3, CR4, CS, DS, EAX, EBP, EBX, ECX, EDI, EDX,
  EIP, ES, ESI, ESP, FS, GS, hex32, LDTR, peek, PTE_PS, SEGMENTS, SELECTOR,
  SS, TLB_FRAME, tlbFind, TR,
} from "../machine";

const WATCHED: readonly (readonly [name: string, index: number])[] = [
  ["eax", EAX], ["ecx", ECX], ["edx", EDX], ["ebx", EBX],
  ["esp", ESP], ["ebp", EBP], ["esi", ESI], ["edi", EDI],
  ["es", selectorOf(ES)], ["cs", selectorOf(CS)],
  ["ss", selectorOf(SS)], ["ds", selectorOf(DS)],
  ["fs", selectorOf(FS)], ["gs", selectorOf(GS)],
  ["ldtr", selectorOf(LDTR)], ["tr", selectorOf(TR)],
  ["cr0", CR0], ["cr2", CR2], ["cr3", CR3], ["cr4", CR4],
];

function selectorOf(segment: number): number {
  return SEGMENTS + 4 * segment + SELECTOR;
}

/** The watched words of a CPU, and its EFLAGS at the end. */
function look(cpu: Cpu): Int32Array {
  const words = new Int32Array(WATCHED.length + 1);
  for (let i = 0; i < WATCHED.length; i++) words[i] = cpu.w[WATCHED[i]![1]]!;
  words[WATCHED.length] = cpu.eflags();
  return words;
}
function changesOf(cpu: Cpu, before: Int32Array): string {
  const after = look(cpu);
  let changes = "";
  for (let i = 0; i < after.length; i++) {
    const value = after[i]!;
    if (value === before[i]) continue;
    const [name, index] = WATCHED[i] ?? ["eflags", 0];
    const isSelector = index >= SEGMENTS && index <= selectorOf(TR);
    changes += ` ${name}=${(isSelector ? hex16 : hex32)(value)}`;
  }
  return changes;
}

function textOf(cpu: Cpu, known: Known): string {
  const { w, id } = cpu;
  const eip = w[EIP]!;
  const where = `${hex16(w[selectorOf(CS)]!)}:${hex32(eip)}`;
  const count = pad(cpu.board.count);
  return `${count} ${id} ${w[CPL]!} ${where} ${disassembly(cpu, known)}`;
}
/** By EIP, and the size of the code: what was read there, and the text. */
type Known = Map<number, { readonly bytes: number[]; readonly text: string }>;

function disassembly(cpu: Cpu, known: Known): string {
  const eip = cpu.w[EIP]! >>> 0, code16 = !cpu.code32;
  const base = cpu.w[SEGMENTS + 4 * CS + BASE]!;
  const key = 2 * eip + (code16 ? 1 : 0), old = known.get(key);
  const bytes: number[] = [];
  const byteAt = (i: number) => {
    const byte = peekCode(cpu, (base + eip + i) | 0);
    if (byte === undefined) throw new Unseen();
    return (bytes[i] = byte);
  };
  try {
    if (old?.bytes.every((byte, i) => byteAt(i) === byte)) return old.text;
    bytes.length = 0;
    const { text } = disassemble(byteAt, eip, { code16 });
    known.set(key, { bytes, text });
    return text;
  } catch (error) {
    if (error instanceof Unseen) return "(not mapped)";
    throw error;
  }
}
class Unseen extends Error {}

const hex16 = (value: number) => hex32(value).slice(4);

/** A byte of code as the CPU would fetch it, or undefined. */
function peekCode(cpu: Cpu, linear: number): number | undefined {
  const at = cpu.w[CR0]! & CR0_PG ? tlbFind(cpu, true, linear) : -1;
  if (at < 0) return peek(cpu, linear);
  const within = cpu.w[at]! & PTE_PS ? 0x3fffff : 0xfff;
  const physical = cpu.w[at + TLB_FRAME]! | (linear & within);
  return cpu.readPhysical(physical >>> 0, 1);
}

function eventText(event: MachineEvent): string {
  const { kind, cpu, count, ...rest } = event;
  const facts = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${factText(name, value)}`);
  return [`${pad(count)} ${cpu} *`, kind, ...facts].join(" ");
}

const NUMBERED = new Set(["dropped", "guest", "irq", "kept", "mode",
  "number", "ring", "size", "to", "trap", "vector"]);

/** A fact that an event tells under some name; `hex` writes words. */
export function factText(
  name: string, value: unknown, hex: (word: number) => string = hex32,
): string {
  if (Array.isArray(value))
    return value.map((one) => factText(name, one, hex)).join(",");
  if (typeof value !== "number") return String(value);
  return NUMBERED.has(name) ? String(value) : hex(value);
}

const pad = (count: number) => String(count).padStart(9);

/** A trace under way. */
export interface Trace {
  /** To be called before each instruction. */
  begin(cpu: Cpu): void;
  /** Writes what is still in hand, and ends the trace. */
  stop(): void;
}

/** Writes a line for each instruction and each event of a machine. */
export function traceTo(
  machine: Machine, write: (line: string) => void,
): Trace {
  if (!machine?.events || !write)
    throw new TypeError("traceTo takes a machine, and a function for lines");
  let inHand: { cpu: Cpu; text: string; before: Int32Array } | undefined;
  const known: Known = new Map();
  let below: string[] = [];
  const finish = () => {
    if (inHand) {
      const changes = changesOf(inHand.cpu, inHand.before);
      write((inHand.text.padEnd(60) + changes).trimEnd());
    }
    for (const line of below) write(line);
    inHand = undefined;
    below = [];
  };
  const begin = (cpu: Cpu) => {
    finish();
    inHand = { cpu, text: textOf(cpu, known), before: look(cpu) };
  };
  const stop = machine.events.on((event) => {
    const external = event.source === "external";
    if (external && inHand) inHand.text = eventText(event);
    else below.push(eventText(event));
  });
  return {
    begin,
    stop() {
      stop();
      finish();
    },
  };
}
