// Woven from chapters/12-registers.md.
import type { Cpu } from "./cpu";
import {
  ATTRIBUTES, BASE, CPL, CR0, CR2, CR3, CR4, EIP, GDTR_BASE, GDTR_LIMIT,
  IDTR_BASE, IDTR_LIMIT, LIMIT, SEGMENTS,
} from "./state";

const general = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const segments = ["es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"];

/** All registers by their names, unsigned, for debuggers and traces. */
export function registers(cpu: Cpu): Record<string, number> {
  const w = cpu.w, found: Record<string, number> = {};
  const put = (name: string, n: number) => { found[name] = n >>> 0; };
  general.forEach((name, n) => put(name, w[n]!));
  put("eip", w[EIP]!);
  put("eflags", cpu.eflags());
  segments.forEach((name, s) => put(name, w[SEGMENTS + 4 * s]!));
  put("cpl", w[CPL]!);
  const control = { cr0: CR0, cr2: CR2, cr3: CR3, cr4: CR4 };
  for (const [name, at] of Object.entries(control)) put(name, w[at]!);
  const tables = { gdtr: GDTR_BASE, idtr: IDTR_BASE };
  for (const [name, at] of Object.entries(tables)) put(name, w[at]!);
  put("gdtrLimit", w[GDTR_LIMIT]!);
  put("idtrLimit", w[IDTR_LIMIT]!);
  return found;
}

/** The hidden part of a segment register, unsigned. */
export function segmentRegister(cpu: Cpu, segment: number): {
  selector: number; base: number; limit: number; attributes: number;
} {
  const at = SEGMENTS + 4 * segment, w = cpu.w;
  return {
    selector: w[at]! & 0xffff, base: w[at + BASE]! >>> 0,
    limit: w[at + LIMIT]! >>> 0, attributes: w[at + ATTRIBUTES]!,
  };
}
