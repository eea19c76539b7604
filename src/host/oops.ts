// Woven from chapters/670-oops.md.
// A trap that the Host did not expect, and what is left of it.
import { nameAddress } from "../assembler";
import type { SymbolTable } from "../assembler";
import { CR2, CR3, DE, DF, EAX, GP, NP, PF, SS_FAULT, TS, UD, hex32 } from
  "../machine";
import type { Cpu } from "../machine";
import { emit } from "./events";
import type { HostEvent } from "./events";
import { get, structure, viewClass } from "./layout";
import { place } from "./map";
import { HOST, Shared, thisCpu, trapFrame } from "./structures";
import { Thread } from "./threads";

/** struct oops, in the page of struct host: the first one's last words. */
export const oopsLayout = structure("oops", {
  cpu: "u32", vector: "u32", error: "u32",
  eip: "u32", cs: "u32", eflags: "u32",
  eax: "u32", ecx: "u32", edx: "u32", ebx: "u32",
  esp: "u32", ebp: "u32", esi: "u32", edi: "u32",
  cr2: "u32", cr3: "u32", thread: "u32",
  /** How many words of the stack, and these. */
  words: "u32", stack: "u32[24]",
}, 1880);
export class Oops extends viewClass(oopsLayout) {}

/** Registers of struct oops that frames have, and a TSS from word 8 on. */
const SAVED = ["eip", "eflags", "eax", "ecx", "edx", "ebx", "esp", "ebp",
  "esi", "edi"] as const;

/** Host call: the frame's address in eax. Writes the last words. */
export function oops(cpu: Cpu): void {
  const frame = cpu.w[EAX]! >>> 0, me = thisCpu(cpu);
  const last = new Oops(cpu, HOST);
  const saved = (name: keyof typeof trapFrame.field) =>
    get(cpu, frame, trapFrame.field[name]);
  last.vector = saved("vector");
  last.error = saved("error");
  last.cr2 = cpu.w[CR2]!;
  last.cr3 = cpu.w[CR3]!;
  for (const name of SAVED) last[name] = saved(name);
  last.cs = saved("cs");
  last.esp = frame + trapFrame.bytes;
  last.cpu = me.number;
  last.thread = me.current;
  if (last.vector === DF) {
    const { task } = me;
    SAVED.forEach((name, i) => { last[name] = task.get(8 + i); });
    last.cs = task.get(19);
    last.cr3 = get(cpu, me.current, Thread.directory);
  }
  keepStack(cpu, last);
  emit<HostEvent>(cpu, { kind: "oops", message: inOneLine(last) });
}

function keepStack(cpu: Cpu, last: Oops): void {
  const { esp } = last;
  const end = place.KERNEL + get(cpu, HOST, Shared.memory_end);
  const room = esp >= place.KERNEL && esp < end
    ? Math.floor((4096 - (esp & 4095)) / 4) : 0;
  last.words = Math.min(oopsLayout.field.stack.count, room);
  for (let i = 0; i < last.words; i++)
    last.stack.put(i, cpu.load32((esp + 4 * i) >>> 0));
}

/** What exceptions are called. */
export const trapNames: Readonly<Record<number, string>> = {
  [DE]: "divide error", [UD]: "invalid opcode", [DF]: "double fault",
  [TS]: "invalid TSS", [NP]: "segment not present",
  [SS_FAULT]: "stack fault", [GP]: "general protection", [PF]: "page fault",
};

/** An address, and what it is called if there are symbols for it. */
export function placeOf(address: number, symbols?: SymbolTable): string {
  const name = symbols && nameAddress(address, symbols);
  return `0x${hex32(address)}${name ? ` (${name})` : ""}`;
}

/** The sentence: what, where, on which CPU. */
export function inOneLine(last: Oops, symbols?: SymbolTable): string {
  const { vector, error, eip } = last;
  return `trap ${vector} (${trapNames[vector] ?? "unexpected"}, ` +
    `error 0x${error.toString(16)}) at ${placeOf(eip, symbols)} ` +
    `on CPU ${last.cpu}` +
    (vector === PF ? `, address 0x${hex32(last.cr2)}` : "");
}
