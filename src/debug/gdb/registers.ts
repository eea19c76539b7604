// Woven from chapters/824-gdb-registers.md.
import {
  ACTIVITY, CPL, CR0, CR0_PE, CR2, CR3, CR4, DEBUG_PENDING, EIP, Fault,
  GDTR_BASE, GDTR_LIMIT, HALTED, IDTR_BASE, IDTR_LIMIT, INHIBIT, LDTR,
  SEGMENTS, SHUTDOWN, TR, writeControl,
} from "../../machine";
import type { Cpu } from "../../machine";
import { writeEflags } from "./flags";
import {
  fromLittleEndian, hexToBytes, littleEndian, MALFORMED, Refusal,
} from "./hex";
import { writeBase, writeSelector, writeSystemSelector } from "./selectors";

/** A register as a debugger sees it. */
export interface DebugRegister {
  readonly name: string;
  readonly bits: 32 | 80;
  /** The type by which the description calls it. */
  readonly type: string;
  /** Unsigned; undefined means that it isn't available. */
  read(cpu: Cpu): number | undefined;
  /** Throws a Refusal, or a Fault if the CPU itself would. */
  write(cpu: Cpu, value: number): void;
  /** When all are written, the lowest go first. */
  readonly order: number;
}

type Write = (cpu: Cpu, value: number) => void;

const readOnly: Write = () => { throw new Refusal(MALFORMED); };

function word(
  name: string, index: number, type: string, order: number,
  write: Write = (cpu, value) => { cpu.w[index] = value; },
): DebugRegister {
  const read = (cpu: Cpu) => cpu.w[index]! >>> 0;
  return { name, bits: 32, type, read, write, order };
}

function absent(name: string, bits: 32 | 80): DebugRegister {
  return { name, bits, order: 0, write: readOnly, read: () => undefined,
    type: bits === 80 ? "i387_ext" : "int" };
}

function control(name: string, index: number, n: number): DebugRegister {
  return word(name, index, "uint32", CONTROL, (cpu, value) => {
    writeControl(cpu, n, value | 0);
    if (!(cpu.w[CR0]! & CR0_PE)) cpu.setCpl(0);
    cpu.refresh();
  });
}

/** The limit of GDTR or IDTR: 16 bits. */
function limit(name: string, index: number): DebugRegister {
  return word(name, index, "uint32", TABLE, (cpu, value) => {
    if (value > 0xffff) throw new Refusal(MALFORMED);
    cpu.w[index] = value;
  });
}
/** Has a CPU begin at an address, whatever it did before. */
export function beginAt(cpu: Cpu, eip: number): void {
  const { w } = cpu;
  w[EIP] = eip;
  w[INHIBIT] = 0;
  w[DEBUG_PENDING] = 0;
  const stands = w[ACTIVITY] === HALTED || w[ACTIVITY] === SHUTDOWN;
  if (stands) cpu.start();
}
const CONTROL = 0, FLAGS = 1, TABLE = 2, SELECTOR = 3, BASE = 4, PLAIN = 5;

const selectorWord = (s: number) => SEGMENTS + 4 * s;

function selector(name: string, s: number): DebugRegister {
  return word(name, selectorWord(s), "int32", SELECTOR,
    (cpu, value) => writeSelector(cpu, s, value));
}

function base(name: string, s: number): DebugRegister {
  return word(`${name}_base`, selectorWord(s) + 1, "uint32", BASE,
    (cpu, value) => writeBase(cpu, s, value));
}

const GENERAL = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const SEGMENT_NUMBERS: readonly [name: string, segment: number][] =
  [["cs", 1], ["ss", 2], ["ds", 3], ["es", 0], ["fs", 4], ["gs", 5]];

const typeOf = (name: string) =>
  name === "esp" || name === "ebp" ? "data_ptr" : "int32";

/** What gdb's own feature "core" has, in its order. */
export const CORE_REGISTERS: readonly DebugRegister[] = [
  ...GENERAL.map((name, n) => word(name, n, typeOf(name), PLAIN)),
  word("eip", EIP, "code_ptr", PLAIN, beginAt),
  { name: "eflags", bits: 32, type: "i386_eflags", order: FLAGS,
    read: (cpu) => cpu.eflags() >>> 0, write: writeEflags },
  ...SEGMENT_NUMBERS.map(([name, s]) => selector(name, s)),
  ...Array.from({ length: 8 }, (_, n) => absent(`st${n}`, 80)),
  ...["fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"]
    .map((name) => absent(name, 32)),
];
/** What we add to it. */
export const SYSTEM_REGISTERS: readonly DebugRegister[] = [
  ...SEGMENT_NUMBERS.map(([name, s]) => base(name, s)),
  control("cr0", CR0, 0), control("cr2", CR2, 2),
  control("cr3", CR3, 3), control("cr4", CR4, 4),
  word("gdtr_base", GDTR_BASE, "uint32", TABLE),
  limit("gdtr_limit", GDTR_LIMIT),
  word("idtr_base", IDTR_BASE, "uint32", TABLE),
  limit("idtr_limit", IDTR_LIMIT),
  word("ldtr", selectorWord(LDTR), "uint32", SELECTOR,
    (cpu, value) => writeSystemSelector(cpu, LDTR, value)),
  word("tr", selectorWord(TR), "uint32", SELECTOR,
    (cpu, value) => writeSystemSelector(cpu, TR, value)),
  word("cpl", CPL, "uint32", PLAIN, readOnly),
];

/** All of them; a register's number is its place. */
export const DEBUG_REGISTERS: readonly DebugRegister[] =
  [...CORE_REGISTERS, ...SYSTEM_REGISTERS];

/** One register as a packet spells it. */
export function showRegister(cpu: Cpu, r: DebugRegister): string {
  const value = r.read(cpu), bytes = r.bits / 8;
  return value === undefined ? "xx".repeat(bytes)
    : littleEndian(value, bytes);
}

/** Writes registers, or changes nothing and throws a Refusal. */
export function writeRegisters(
  cpu: Cpu, changes: readonly (readonly [DebugRegister, string])[],
): void {
  const before = cpu.w.slice();
  const inOrder = [...changes].sort(([a], [b]) => a.order - b.order);
  try {
    for (const [register, text] of inOrder) change(cpu, register, text);
  } catch (error) {
    cpu.w.set(before);
    cpu.refresh();
    throw error instanceof Fault ? new Refusal(MALFORMED) : error;
  }
}

function change(cpu: Cpu, register: DebugRegister, text: string): void {
  if (text === showRegister(cpu, register)) return;
  if (register.bits !== 32) throw new Refusal(MALFORMED);
  register.write(cpu, fromLittleEndian(text));
}
/** All registers, one after the other. */
export function showAll(cpu: Cpu): string {
  let text = "";
  for (const register of DEBUG_REGISTERS) {
    text += showRegister(cpu, register);
  }
  return text;
}

/** Writes all registers from what `showAll` might have given. */
export function writeAll(cpu: Cpu, text: string): void {
  const changes: [DebugRegister, string][] = [];
  let at = 0;
  for (const register of DEBUG_REGISTERS) {
    const digits = text.slice(at, at += register.bits / 4);
    if (/^x+$/.test(digits)) continue;
    hexToBytes(digits);
    changes.push([register, digits]);
  }
  if (text.length !== at) throw new Refusal(MALFORMED);
  writeRegisters(cpu, changes);
}
