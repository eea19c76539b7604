// Woven from chapters/410-traps.md, 670-oops.md.
// The Host's first host call: tables and lists, once at boot.
import type { Cpu } from "../machine";
import { DF, EAX } from "../machine";
import { flatWords, gateWords, putDescriptor, segmentWords } from
  "./descriptors";
import type { OwnDescriptor } from "./descriptors";
import { get, put } from "./layout";
import { readNotes } from "./loader";
import { place, selector } from "./map";
import type { KernelModule } from "./module";
import { findCpus } from "./mptable";
import { HOST, PerCpu, Shared, cpuArea } from "./structures";
import { gateDpl } from "./systemcall";
import { startIdleThread } from "./threads";

/** Host call: fills the IDT, and each CPU's GDT, TSS and idle thread. */
export function setup(cpu: Cpu, module: KernelModule): void {
  const stubTable = cpu.w[EAX]! >>> 0;
  const end = get(cpu, HOST, Shared.memory_end);
  const unused = get(cpu, HOST, Shared.next_unused);
  put(cpu, HOST, Shared.pages_free, (end - unused) / 4096);
  const cpus = findCpus(cpu);
  put(cpu, HOST, Shared.cpus_present, cpus.length);
  put(cpu, HOST, Shared.cpus_online, 1);
  readNotes(cpu, module);
  for (let n = 0; n < 256; n++) {
    const stub = cpu.load32(stubTable + 4 * n) >>> 0;
    putDescriptor(cpu, place.IDT + 8 * n, ...ownGate(n, stub));
  }
  const faults = cpu.load32(stubTable + 4 * DF) >>> 0;
  cpus.forEach((id, n) => {
    setupCpu(cpu, n, id);
    setupFaultTask(cpu, n, faults);
  });
}

/** The gate for a vector, with its stub's address. */
export function ownGate(n: number, stub: number): [number, number] {
  if (n === DF) return [selector.FAULT_TASK << 16, 0x8500];
  return gateWords(selector.KERNEL_CS, stub, gateDpl(n));
}

function setupCpu(cpu: Cpu, number: number, apicId: number): void {
  const area = cpuArea(number);
  put(cpu, area, PerCpu.self, area);
  put(cpu, area, PerCpu.number, number);
  put(cpu, area, PerCpu.mask, 1 << number);
  put(cpu, area, PerCpu.apic_id, apicId);
  put(cpu, area, PerCpu.gdt_limit, 255);
  put(cpu, area, PerCpu.gdt_base, area + PerCpu.gdt.offset);
  put(cpu, area, PerCpu.idt_limit, 2047);
  put(cpu, area, PerCpu.idt_base, place.IDT);
  for (const [at, words] of ownDescriptors(number))
    putDescriptor(cpu, area + PerCpu.gdt.offset + (at & ~7), ...words);
  put(cpu, area, PerCpu.task, selector.KERNEL_DS, 2);
  put(cpu, area, PerCpu.task, 104 << 16, 25);
  startIdleThread(cpu, number);
}
/** The task that a CPU changes to when it faults twice. */
function setupFaultTask(cpu: Cpu, number: number, stub: number): void {
  const area = cpuArea(number), data = selector.KERNEL_DS;
  const fill = (from: number, ...words: number[]) => words.forEach(
    (word, i) => put(cpu, area, PerCpu.fault_task, word, from + i));
  fill(7, get(cpu, HOST, Shared.boot_directory), stub, 2);  // cr3 eip eflags
  fill(14, area + 4096 - 12);                               // esp
  fill(18, data, selector.KERNEL_CS, data, data, selector.PER_CPU, 0);
  fill(25, 104 << 16);                                      // no I/O bitmap
}

/** The selectors of a CPU's own descriptors, and their words. */
export function ownDescriptors(number: number): OwnDescriptor[] {
  const area = cpuArea(number), task = area + PerCpu.task.offset;
  return [
    [selector.KERNEL_CS, flatWords(0x9b)],
    [selector.KERNEL_DS, flatWords(0x93)],
    [selector.USER_CS, flatWords(0xfb)],
    [selector.USER_DS, flatWords(0xf3)],
    [selector.TASK, segmentWords(task, 103, 0x89, 0)],
    [selector.PER_CPU, segmentWords(area, 4095, 0x93, 4)],
    [selector.FAULT_TASK,
      segmentWords(area + PerCpu.fault_task.offset, 103, 0x89, 0)],
  ];
}
