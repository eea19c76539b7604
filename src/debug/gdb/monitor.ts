// Woven from chapters/832-visit.md.
import {
  counted, hex32, PTE_D, PTE_RW, PTE_US, tlbEntries, walkQuietly,
} from "../../machine";
import type { Cpu, TlbEntry } from "../../machine";
import type { GdbStub } from "./stub";

const HELP = `monitor physical on|off  addresses are physical, or linear, by the
                         page tables as they are and not by the TLB
monitor tlb              the TLBs of this CPU: user or supervisor, writable
                         or read-only, dirty, global, loaded when and under
                         which cr3; stale if the tables say something else
monitor count            instructions and clocks
monitor help
`;

function tlbLines(cpu: Cpu): string {
  const of = (code: boolean) => tlbEntries(cpu, code)
    .map((entry) => `${code ? "code" : "data"} ${line(cpu, entry)}\n`)
    .join("");
  return of(false) + of(true) || "both TLBs are empty\n";
}

function line(cpu: Cpu, entry: TlbEntry): string {
  const { linear, frame, bits, global, large, when, cr3 } = entry;
  const may = (bits & PTE_US ? "u" : "s") + (bits & PTE_RW ? "w" : "r") +
    (bits & PTE_D ? "d" : "-") + (global ? "g" : "-");
  const stale = walkQuietly(cpu, linear | 0) === frame ? "" : " stale";
  return `${hex32(linear)} -> ${hex32(frame)} ${large ? "4M" : "4K"} ` +
    `${may} at ${when} under ${hex32(cr3)}${stale}`;
}

function countLines(stub: GdbStub): string {
  const { machine } = stub;
  const line = (count: number, clock: number) =>
    `${counted(count, "instruction")}, ${counted(clock, "tick")}\n`;
  const each = machine.cpus.map((cpu) =>
    `CPU ${cpu.id}: ${line(cpu.retired, cpu.clock)}`);
  return line(machine.count, machine.time) + each.join("");
}

/** Carries out a monitor command; gives the text that it prints. */
export function monitor(stub: GdbStub, line: string): string {
  const words = line.trim().split(/\s+/).join(" ");
  if (words === "physical on" || words === "physical off") {
    stub.physical = words === "physical on";
    return "";
  }
  if (words === "tlb") return tlbLines(stub.chosen);
  if (words === "count") return countLines(stub);
  if (words === "help") return HELP;
  return `there is no monitor command "${words}"\n${HELP}`;
}
