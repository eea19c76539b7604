// Woven from chapters/410-traps.md.
// A trap that the Host did not expect.
import type { Cpu } from "../machine";
import { CR2, DE, DF, EAX, GP, NP, PF, SS_FAULT, TS, UD, hex32 } from
  "../machine";
import { emit } from "./events";
import type { HostEvent } from "./events";
import { get, putText } from "./layout";
import { HOST, Shared, thisCpu, trapFrame } from "./structures";

const names: Record<number, string> = {
  [DE]: "divide error", [UD]: "invalid opcode", [DF]: "double fault",
  [TS]: "invalid TSS", [NP]: "segment not present",
  [SS_FAULT]: "stack fault", [GP]: "general protection", [PF]: "page fault",
};

/** Host call: the frame's address in eax. Writes the last words. */
export function oops(cpu: Cpu): void {
  const frame = cpu.w[EAX]! >>> 0;
  const field = trapFrame.field;
  const vector = get(cpu, frame, field.vector);
  const error = get(cpu, frame, field.error);
  const eip = get(cpu, frame, field.eip);
  let text = `trap ${vector} (${names[vector] ?? "unexpected"}, ` +
    `error 0x${error.toString(16)}) at 0x${hex32(eip)} ` +
    `on CPU ${thisCpu(cpu).number}`;
  if (vector === PF) text += `, address 0x${hex32(cpu.w[CR2]!)}`;
  putText(cpu, HOST, Shared.oops, text);
  emit<HostEvent>(cpu, { kind: "oops", message: text });
}
