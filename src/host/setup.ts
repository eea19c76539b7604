// Woven from chapters/410-traps.md.
// The Host's first host call: tables and lists, once at boot.
import type { Cpu } from "../machine";
import { EAX } from "../machine";
import { flatWords, gateWords, putDescriptor, segmentWords } from
  "./descriptors";
import { get, put } from "./layout";
import { readNotes } from "./loader";
import { place, selector } from "./map";
import type { KernelModule } from "./module";
import { findCpus } from "./mptable";
import { HOST, PerCpu, Shared, cpuArea, putShared } from "./structures";
import { gateDpl } from "./systemcall";
import { startIdleThread } from "./threads";

/** Host call: fills the IDT, and each CPU's GDT, TSS and idle thread. */
export function setup(cpu: Cpu, module: KernelModule): void {
  const stubTable = cpu.w[EAX]! >>> 0;
  const end = get(cpu, HOST, Shared.memory_end);
  const unused = get(cpu, HOST, Shared.next_unused);
  putShared(cpu, Shared.pages_free, (end - unused) / 4096);
  const cpus = findCpus(cpu);
  putShared(cpu, Shared.cpus_present, cpus.length);
  putShared(cpu, Shared.cpus_online, 1);
  readNotes(cpu, module);
  for (let n = 0; n < 256; n++) {
    const stub = cpu.load32(stubTable + 4 * n) >>> 0;
    putDescriptor(cpu, place.IDT + 8 * n,
      ...gateWords(selector.KERNEL_CS, stub, gateDpl(n)));
  }
  cpus.forEach((id, n) => setupCpu(cpu, n, id));
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
  const gdt = area + PerCpu.gdt.offset;
  const task = area + PerCpu.task.offset;
  const set = (s: number, words: [number, number]) =>
    putDescriptor(cpu, gdt + (s & ~7), ...words);
  set(selector.KERNEL_CS, flatWords(0x9b));
  set(selector.KERNEL_DS, flatWords(0x93));
  set(selector.USER_CS, flatWords(0xfb));
  set(selector.USER_DS, flatWords(0xf3));
  set(selector.TASK, segmentWords(task, 103, 0x89, 0));
  set(selector.PER_CPU, segmentWords(area, 4095, 0x93, 4));
  put(cpu, area, PerCpu.task, selector.KERNEL_DS, 2);
  put(cpu, area, PerCpu.task, 104 << 16, 25);
  startIdleThread(cpu, number);
}
