// The machine's state in words: registers, the next instruction, events.
import { disassemble } from "../../../src/assembler";
import { factText } from "../../../src/debug/trace";
import type { Cpu, MachineEvent } from "../../../src/machine";
import {
  BASE, CPL, CR0, CR2, CR3, CR4, CS, EAX, EBP, EBX, ECX, EDI, EDX, EIP,
  ESI, ESP, hex32, peek, SEGMENTS, SELECTOR, SS,
} from "../../../src/machine";
import type { Happening, View } from "./protocol";

const selector = (segment: number) => SEGMENTS + 4 * segment + SELECTOR;

const shown: readonly (readonly [name: string, word: number])[] = [
  ["eax", EAX], ["ebx", EBX], ["ecx", ECX], ["edx", EDX],
  ["esi", ESI], ["edi", EDI], ["ebp", EBP], ["esp", ESP],
  ["eip", EIP], ["cs", selector(CS)], ["ss", selector(SS)],
  ["cr0", CR0], ["cr2", CR2], ["cr3", CR3], ["cr4", CR4],
];

/** Names for addresses: the labels of what was assembled. */
export type Labels = readonly (readonly [name: string, address: number])[];

/** What a panel shows of a CPU. */
export function viewOf(
  cpu: Cpu, labels: Labels, happenings: readonly Happening[],
): View {
  const registers = shown.map(([name, word]) =>
    [name, hex32(cpu.w[word]!)] as const);
  return {
    count: cpu.board.count, ring: cpu.w[CPL]!,
    registers: [...registers, ["eflags", hex32(cpu.eflags())]],
    next: nextInstruction(cpu),
    where: nearest(labels, cpu.w[EIP]! >>> 0), happenings,
  };
}

function nextInstruction(cpu: Cpu): string {
  const eip = cpu.w[EIP]!;
  const base = cpu.w[SEGMENTS + 4 * CS + BASE]!;
  const unseen = new Error("not mapped");
  try {
    return disassemble((i: number) => {
      const byte = peek(cpu, (base + eip + i) | 0);
      if (byte === undefined) throw unseen;
      return byte;
    }, eip >>> 0).text;
  } catch (error) {
    if (error !== unseen) throw error;
    return "(not mapped)";
  }
}

/** The label that an address is behind, or nothing. */
export function nearest(labels: Labels, address: number): string {
  let best: Labels[number] | undefined;
  for (const label of labels)
    if (label[1] <= address && label[1] >= (best?.[1] ?? 0)) best = label;
  if (best === undefined || address - best[1] > 0x1000) return "";
  const beyond = address - best[1];
  return beyond === 0 ? best[0] : `${best[0]}+0x${beyond.toString(16)}`;
}

/** The kinds of events that are worth a line. */
export const worthTelling: ReadonlySet<string> = new Set([
  "switch", "hypercall", "exception", "interrupt", "shadow-fill",
  "killed", "guest-end", "oops", "shutdown",
]);

/** An event as a line. */
export function happening(event: MachineEvent): Happening {
  const { kind, count, cpu, ...rest } = event;
  const hex = (word: number) => `0x${hex32(word)}`;
  const text = Object.entries(rest)
    .filter(([name, value]) => value !== undefined && name !== "guest")
    .map(([name, value]) => `${name} ${factText(name, value, hex)}`)
    .join(", ");
  return { count, kind, text };
}
