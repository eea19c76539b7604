// Woven from chapters/704-registers.md.
import type { Cpu } from "./cpu";
import {
  ATTRIBUTES, BASE, CPL, CR0, CR2, CR3, CR4, CS, DS, EAX, EBP, EBX, ECX, EDI,
  EDX, EIP, ES, ESI, ESP, FS, GDTR_BASE, GDTR_LIMIT, GS, IDTR_BASE,
  IDTR_LIMIT, LDTR, LIMIT, SEGMENTS, SS, TR,
} from "../ground/state";

/** All registers by their names, unsigned, for debuggers and traces. */
export function registers(cpu: Cpu) {
  const word = (n: number) => cpu.w[n]! >>> 0;
  const selector = (segment: number) => word(SEGMENTS + 4 * segment);
  return {
    eax: word(EAX), ecx: word(ECX), edx: word(EDX), ebx: word(EBX),
    esp: word(ESP), ebp: word(EBP), esi: word(ESI), edi: word(EDI),
    eip: word(EIP), eflags: cpu.eflags() >>> 0,
    es: selector(ES), cs: selector(CS), ss: selector(SS), ds: selector(DS),
    fs: selector(FS), gs: selector(GS),
    ldtr: selector(LDTR), tr: selector(TR), cpl: word(CPL),
    cr0: word(CR0), cr2: word(CR2), cr3: word(CR3), cr4: word(CR4),
    gdtr: word(GDTR_BASE), idtr: word(IDTR_BASE),
    gdtrLimit: word(GDTR_LIMIT), idtrLimit: word(IDTR_LIMIT),
  };
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
