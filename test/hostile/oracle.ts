// Where stores can go. Every store behind a CPU's checks goes through a
// translation of its TLB, and every translation comes from a fill. So it is
// enough to look at each fill, and to see that nothing survives a flush:
// what a world never had in its TLB, it never wrote.
import { HOST, PerCpu, Shared, Thread, cpuArea, place } from "../../src/host";
import type { Field } from "../../src/host";
import {
  LgCpu, Lguest, LguestPages, LguestPerCpu, lguestMap, lguestOf, Regs,
  regsOffset,
} from "../../src/lguest";
import {
  CPL, CR0, CR0_WP, CR3, CR4, DR, DS, ES, FS, GDTR_BASE, GS, IDTR_LIMIT, IF,
  IOPL, LDTR, MSR_SYSENTER_CS, MSR_SYSENTER_EIP, SEGMENTS, TR, VM,
} from "../../src/machine";
import type { Machine, MachineEvent } from "../../src/machine";

/** RAM as words, by physical and by the Host's kernel addresses. */
export class Ram {
  readonly words: Uint32Array;
  constructor(machine: Machine) {
    const { ram } = machine;
    this.words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  }
  at(physical: number): number { return this.words[physical >>> 2]!; }
  get(address: number, field: Field, index = 0): number {
    const at = address - place.KERNEL + field.offset + 4 * index;
    return this.words[at >>> 2]!;
  }
}

const frame = (entry: number) => entry >>> 12;

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
/** What of a CPU's state no Guest can change: places and names. */
const LASTING: readonly [place: number, name: string][] = [
  ...([[DS, "ds"], [ES, "es"], [FS, "fs"], [GS, "gs"], [LDTR, "LDTR"],
    [TR, "TR"]] as const).flatMap(([s, name]) =>
    range(SEGMENTS + 4 * s, SEGMENTS + 4 * s + 3).map((n) =>
      [n, name] as [number, string])),
  ...range(GDTR_BASE, IDTR_LIMIT).map((n) =>
    [n, "a table's register"] as [number, string]),
  [CR0, "CR0"], [CR4, "CR4"], [DR + 7, "DR7"],
  ...range(MSR_SYSENTER_CS, MSR_SYSENTER_EIP).map((n) =>
    [n, "an MSR of sysenter's"] as [number, string]),
];

/** The pages that lguest has for one CPU, as frames: the pair that the Host
 * sees, of which Guests see the second; and the table that lets them. */
export interface CpuPages {
  readonly registers: number;
  readonly state: number;
  readonly guestPtes: number;
}

/** Where in the Switcher's window a CPU's pair begins, in pages. */
export const pairOf = (cpu: number) => 1 + 2 * cpu;

/** Whose frames are whose, in a Host that has just made its Launchers. */
export class Oracle {
  /** For each frame of RAM the Guest that has it, plus 1; or 0. */
  readonly owner: Uint8Array;
  readonly regs: number[] = [];
  readonly directories: number[] = [];
  readonly cpuPages: readonly CpuPages[];
  readonly text: number;
  private readonly vcpus: number[] = [];
  readonly boot: number;
  private readonly lasting: readonly (readonly number[])[];
  /** What was wrong, in sentences. */
  readonly complaints: string[] = [];
  /** How many translations were looked at, by world. */
  fills = 0;
  guestFills = 0;
  /** How often a Guest was on another CPU than before. */
  moves = 0;
  private readonly last: number[] = [];

  constructor(readonly machine: Machine, readonly ram: Ram, guests: number) {
    this.owner = new Uint8Array(machine.ramSize / 4096);
    this.text = frame(lguestMap.SWITCHER_IMAGE - place.KERNEL);
    const ptes = ram.get(HOST, Shared.window_ptes);
    this.cpuPages = machine.cpus.map(({ id }) => ({
      registers: frame(ram.at(ptes + 4 * pairOf(id))),
      state: frame(ram.at(ptes + 4 * pairOf(id) + 4)),
      guestPtes: frame(ram.get(cpuArea(id), LguestPerCpu.guest_ptes)),
    }));
    this.boot = frame(ram.get(HOST, Shared.boot_directory));
    for (let n = 0; n < guests; n++) {
      const lg = lguestOf(n), directory = ram.get(lg, Lguest.directory);
      const vcpu = ram.get(lg, Lguest.vcpu);
      this.directories.push(frame(directory));
      this.vcpus.push(vcpu);
      this.regs.push(frame(ram.get(vcpu, LgCpu.regs_page)));
      for (let p = 0; p < ram.get(lg, Lguest.memory) / 4096; p++) {
        const page = (place.MEM_BASE >>> 12) + p;
        const pde = ram.at(directory + 4 * (page >>> 10));
        const pte = ram.at((pde & 0xfffff000) + 4 * (page & 1023));
        this.owner[frame(pte)] = n + 1;
      }
    }
    this.lasting = machine.cpus.map(({ w }) =>
      LASTING.map(([place]) => w[place]!));
    machine.events.on((event) => this.hear(event));
  }

  /** The machine is put back, and Guests are where they were. */
  reset(): void {
    this.complaints.length = this.last.length = 0;
  }

  private complain(sentence: string): void {
    if (this.complaints.length < 5) this.complaints.push(sentence);
  }

  private hear(event: MachineEvent): void {
    if (event.kind === "tlb-fill") this.filled(event);
    else if (event.kind === "switch") this.left(event);
    else if (event.kind === "tlb-flush" && event.kept !== 0)
      this.complain(`${String(event.kept)} translations survive a flush`);
  }

  /** A Guest has been left: how did it run, and what has it left behind? */
  private left(event: MachineEvent): void {
    const { w } = this.machine.cpus[event.cpu]!;
    const guest = event.guest as number;
    if ((this.last[guest] ?? event.cpu) !== event.cpu) this.moves++;
    this.last[guest] = event.cpu;
    const at = this.regs[guest]! * 4096 + regsOffset;
    const flags = this.ram.at(at + Regs.eflags.offset);
    if ((flags & (IF | IOPL | VM)) !== IF)
      this.complain(`a Guest had the flags 0x${hex(flags)}`);
    LASTING.forEach(([place, name], i) => {
      if (w[place] !== this.lasting[event.cpu]![i])
        this.complain(`${name} is 0x${hex(w[place]!)} behind a Guest`);
    });
    this.itsOwn(guest, event.cpu);
  }

  /** What the CPU's state page had in it was this Guest's, not its
   * neighbour's, nor its own of some time ago. */
  private itsOwn(guest: number, cpu: number): void {
    const { ram } = this, vcpu = this.vcpus[guest]!, f = LguestPages;
    const state = (field: Field, index: number) => ram.at(
      (this.cpuPages[cpu]!.state - 1) * 4096 + field.offset + 4 * index);
    const must = (good: boolean, what: string) => good ||
      this.complain(`Guest ${guest} had another ${what} on CPU ${cpu}`);
    const { esp1, ss1, gdt, idt } = LgCpu;
    must(state(f.guest_tss, 3) === ram.get(vcpu, esp1) &&
      state(f.guest_tss, 4) === ram.get(vcpu, ss1), "stack");
    const syscall = ram.get(lguestOf(guest), Lguest.syscall_vec);
    for (let n = 0; n < 32; n++) {
      const high = ram.get(vcpu, gdt, 2 * n + 1), has = (high & 0x1000) !== 0;
      must([10, 11, 16, 31].includes(n) || (state(f.guest_gdt, 2 * n) ===
        (has ? ram.get(vcpu, gdt, 2 * n) : 0) &&
        state(f.guest_gdt, 2 * n + 1) === (has ? high : 0)), `descriptor ${n}`);
    }
    for (const n of [...range(0, 31), 128]) {
      const low = ram.get(vcpu, idt, 2 * n);
      const high = ram.get(vcpu, idt, 2 * n + 1);
      const direct = (high & 0xf00) === 0xf00 && (n < 32 || n === syscall) &&
        ![1, 7, 13, 14, 31].includes(n);
      must(direct ? state(f.guest_idt, 2 * n) === low &&
        state(f.guest_idt, 2 * n + 1) === high
        : state(f.guest_idt, 2 * n) >>> 16 === lguestMap.LGUEST_CS,
      `gate ${n}`);
    }
  }

  private filled(event: MachineEvent): void {
    const { w } = this.machine.cpus[event.cpu]!;
    const cr3 = w[CR3]! >>> 12, linear = event.linear as number;
    const to = (event.frame as number) >>> 12;
    this.fills++;
    if (event.global) this.complain(`a global page, 0x${hex(linear)}`);
    if (cr3 === this.boot || this.directories.includes(cr3)) {
      if (w[CPL] !== 0)
        this.complain(`ring ${w[CPL]} is in the Host's world`);
      return this.inHost(event.cpu, cr3, linear, to);
    }
    this.guestFills++;
    if (w[CPL] === 0 && linear < lguestMap.SWITCHER)
      this.complain(`ring 0 is at 0x${hex(linear)} in a Guest's world`);
    const current = this.ram.get(cpuArea(event.cpu), PerCpu.current);
    const vcpu = this.ram.get(current, Thread.module);
    const n = this.vcpus.indexOf(vcpu);
    const slot = this.ram.get(vcpu, LgCpu.directory);
    if (n < 0 || this.ram.get(vcpu, LgCpu.shadow, slot) >>> 12 !== cr3)
      return this.complain(`cr3 is 0x${hex(cr3 << 12)}, nobody's`);
    if (!(w[CR0]! & CR0_WP)) this.complain("CR0.WP is off in a Guest");
    this.inGuest(event, n, cr3, linear, to);
  }

  /** The accessor's: below the kernel there is only the Guest's memory. In
   * the window nobody looks at another CPU's pair. */
  private inHost(
    cpu: number, cr3: number, linear: number, to: number,
  ): void {
    const page = (linear - lguestMap.SWITCHER) >>> 12;
    if (linear >= lguestMap.SWITCHER && page !== 0 &&
      page !== pairOf(cpu) && page !== pairOf(cpu) + 1)
      this.complain(`CPU ${cpu} goes to 0x${hex(linear)}`);
    if (linear >= place.KERNEL) return;
    const n = this.directories.indexOf(cr3);
    if (n < 0 || this.owner[to] !== n + 1)
      this.complain(`the Host goes to 0x${hex(linear)} for Guest ${n}`);
  }

  private inGuest(
    { cpu, code }: MachineEvent, n: number, cr3: number, linear: number,
    to: number,
  ): void {
    const pde = this.ram.at(cr3 * 4096 + 4 * (linear >>> 22));
    const pte = this.ram.at((pde & 0xfffff000) +
      4 * ((linear >>> 12) & 1023));
    const writable = (pde & pte & 2) !== 0;
    const page = (linear - lguestMap.SWITCHER) >>> 12;
    const good = frame(pte) === to && (linear < lguestMap.SWITCHER
      ? this.owner[to] === n + 1
      : this.inSwitcher(cpu, n, page, to, writable) && (pde & pte & 4) === 0);
    if (!good)
      this.complain(`Guest ${n}${code ? "'s code" : ""} has 0x${hex(linear)} ` +
        `at frame 0x${hex(to)}${writable ? ", writable" : ""} on CPU ${cpu}`);
  }

  /** The Switcher's text, this Guest's registers, and this CPU's state. */
  private inSwitcher(
    cpu: number, n: number, page: number, to: number, writable: boolean,
  ): boolean {
    switch (page) {
      case 0: return to === this.text && !writable;
      case pairOf(cpu): return to === this.regs[n];
      case pairOf(cpu) + 1:
        return to === this.cpuPages[cpu]!.state && !writable;
      default: return false;
    }
  }
}

function hex(n: number): string { return (n >>> 0).toString(16); }
