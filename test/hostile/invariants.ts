// What is always true of the Host's memory while no CPU is in ring 0.
import {
  HOST, PerCpu, Shared, Thread, cpuArea, place, selector,
} from "../../src/host";
import {
  LgCpu, Lguest, lguestMap, lguestOf, LguestPages, LguestPerCpu,
} from "../../src/lguest";
import { ACTIVITY, HALTED } from "../../src/machine";
import { pendingInterrupt } from "../../src/machine/cpu/interrupts";
import { pairOf } from "./oracle";
import type { CpuPages, Oracle, Ram } from "./oracle";

/** The CPU's own marks: accessed and dirty. */
const MARKS = 0x60;
const BUSY = 0x200;

const page = (entry: number) => entry >>> 12;
const low = (address: number) => (address - place.KERNEL) >>> 0;

/** Compares a Host with what it was when its Launchers were new. */
export class Invariants {
  private readonly constant: [from: number, bytes: Buffer][] = [];
  private readonly live: Buffer;
  private readonly before: Uint32Array;
  private readonly claimed: Uint8Array;
  private readonly first: number;
  private wrong: string[] = [];

  constructor(
    private readonly ram: Ram, private readonly oracle: Oracle,
    private readonly guests: number,
  ) {
    const { words } = ram;
    this.live = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
    this.before = words.slice();
    this.claimed = new Uint8Array(words.byteLength / 4096);
    for (const [from, length] of [
      [place.TEXT, 0x8000], [place.IDT, 4096], [lguestMap.SWITCHER_IMAGE, 4096],
    ] as const)
      this.constant.push([low(from),
        Buffer.from(this.live.subarray(low(from), low(from) + length))]);
    const ptes = ram.get(HOST, Shared.window_ptes);
    this.first = page(ptes) + 1;
  }

  /** What isn't as it has to be, in sentences; none, if all is well. */
  check(): string[] {
    this.wrong = [];
    this.constants();
    this.kernelTables();
    this.oracle.cpuPages.forEach((pages, id) => {
      this.cpu(id);
      this.guestState(pages);
      this.guestTable(pages, id);
    });
    this.pages();
    this.queue();
    return this.wrong;
  }

  private must(good: boolean, sentence: string): void {
    if (!good && this.wrong.length < 5) this.wrong.push(sentence);
  }
  private same(from: number, to: number, mask: number, what: string): void {
    const { words } = this.ram, { before } = this;
    for (let i = from >>> 2; i < to >>> 2; i++)
      if ((words[i]! ^ before[i]!) & ~mask)
        return this.must(false, `${what} differs at 0x${(4 * i).toString(16)}`);
  }

  private constants(): void {
    for (const [from, bytes] of this.constant)
      this.must(bytes.equals(this.live.subarray(from, from + bytes.length)),
        `the Host's text or tables at 0x${from.toString(16)} differ`);
  }
  private kernelTables(): void {
    const { ram } = this, boot = ram.get(HOST, Shared.boot_directory);
    this.same(boot, ram.get(HOST, Shared.window_ptes) + 4096, MARKS,
      "the kernel's map");
    for (const f of [Shared.allocator_lock, Shared.queue_lock, Shared.oopsed])
      this.must(ram.get(HOST, f) === 0, `struct host at ${f.offset} isn't 0`);
  }
  private cpu(id: number): void {
    const { ram } = this, area = cpuArea(id), at = low(area);
    const gdt = at + PerCpu.gdt.offset, task = at + PerCpu.task.offset;
    const tss = gdt + selector.TASK;
    this.same(gdt, tss + 4, 0, "the Host's GDT");
    this.same(tss + 4, tss + 8, BUSY, "the Host's TSS descriptor");
    this.same(tss + 8, gdt + 256, 0x100, "the Host's GDT");
    this.same(task + 8, task + 104, 0, "the Host's TSS");
    const current = ram.get(area, PerCpu.current);
    this.must(ram.get(area, PerCpu.task, 1) === current + 4096,
      "esp0 isn't the current thread's");
    this.same(at + LguestPerCpu.pages.offset,
      at + LguestPerCpu.last_vcpu.offset, 0, "struct cpu");
  }
  /** The CPU's pages as a Guest finds them. */
  private guestState({ state }: CpuPages): void {
    const { ram } = this, base = state * 4096 - 4096;
    const f = LguestPages, at = (n: number) => base + n;
    this.same(at(f.host_idt_limit.offset), at(f.host_sp.offset), 0,
      "what the Switcher knows");
    this.same(at(f.guest_idt_limit.offset), at(f.guest_tss.offset + 12), 0,
      "the Guest's tables");
    const gdt = at(f.guest_gdt.offset), idt = at(f.guest_idt.offset);
    for (let n = 0; n < 32; n++) {
      if ([10, 11, 16].includes(n)) {
        this.same(gdt + 8 * n, gdt + 8 * n + 4, 0, "the Switcher's segment");
        this.same(gdt + 8 * n + 4, gdt + 8 * n + 8, BUSY,
          "the Switcher's segment");
        continue;
      }
      const high = ram.at(gdt + 8 * n + 4);
      const good = high === 0 || ((high & 0x1000) !== 0 &&
        (high & 0x6000) !== 0 && (high & 0x100) !== 0);
      this.must(good, `descriptor ${n} is 0x${high.toString(16)}`);
    }
    for (let n = 0; n < 256; n++) {
      const word = ram.at(idt + 8 * n), high = ram.at(idt + 8 * n + 4);
      const direct = word >>> 16 === 0x61 && (high & 0x8f00) === 0x8f00 &&
        (n < 32 || n === 128) && ![1, 2, 7, 8, 13, 14, 15, 31].includes(n);
      if (direct) continue;
      this.same(idt + 8 * n, idt + 8 * n + 4, 0, `gate ${n}`);
      this.same(idt + 8 * n + 4, idt + 8 * n + 8,
        n < 32 || n === 128 ? 0x6000 : 0, `gate ${n}`);
    }
  }

  /** The table that only a CPU's Guests use: text, registers, state. */
  private guestTable({ guestPtes, state }: CpuPages, id: number): void {
    const { ram, oracle } = this, pair = pairOf(id);
    for (let i = 0; i < 1024; i++) {
      const pte = (ram.at(guestPtes * 4096 + 4 * i) & ~MARKS) >>> 0;
      const good = i === 0 ? pte === oracle.text * 4096 + 1
        : i === pair ? pte === 0 ||
          oracle.regs.some((regs) => pte === regs * 4096 + 3)
        : pte === (i === pair + 1 ? state * 4096 + 1 : 0);
      this.must(good,
        `entry ${i} of CPU ${id}'s table for Guests is 0x${pte.toString(16)}`);
    }
  }

  private claim(frame: number, what: string): void {
    const good = frame >= this.first && frame < this.claimed.length;
    this.must(good, `${what} is at frame ${frame}`);
    if (!good) return;
    this.must(this.claimed[frame] === 0,
      `${what} shares frame ${frame} with somebody`);
    this.claimed[frame] = 1;
  }
  /** Every page belongs to exactly one. */
  private pages(): void {
    const { ram, claimed } = this;
    claimed.fill(0);
    for (const { registers, state, guestPtes } of this.oracle.cpuPages)
      for (const frame of [registers, state, guestPtes])
        this.claim(frame, "a page of a CPU's");
    let free = 0;
    for (const list of [Shared.free_clean, Shared.free_dirty])
      for (let at = ram.get(HOST, list); at !== 0; at = ram.at(at)) {
        this.must((at & 4095) === 0, `a free page is 0x${at.toString(16)}`);
        this.claim(page(at), "a free page");
        if (this.wrong.length || ++free > claimed.length) return;
      }
    const unused = page(ram.get(HOST, Shared.next_unused));
    const end = page(ram.get(HOST, Shared.memory_end));
    for (let frame = unused; frame < end; frame++)
      this.claim(frame, "a page never used");
    this.must(free + end - unused === ram.get(HOST, Shared.pages_free),
      "pages_free is wrong");
    for (let n = 0; n < this.guests; n++) this.guest(n);
    for (const thread of this.threads())
      this.claim(page(low(thread)), "a thread");
    for (let frame = this.first; frame < end; frame++)
      this.must(claimed[frame] === 1, `frame ${frame} is nobody's`);
  }
  /** Threads: those of Guests, and those that have ended. */
  private threads(): number[] {
    const { ram } = this, found = new Set<number>();
    for (let n = 0; n < this.guests; n++) {
      const vcpu = ram.get(lguestOf(n), Lguest.vcpu);
      if (vcpu) found.add(ram.get(vcpu, LgCpu.thread));
    }
    for (const current of this.running())
      if (current >= place.END) found.add(current);
    let zombie = ram.get(HOST, Shared.zombies);
    for (let n = 0; zombie !== 0 && n < 4; n++) {
      found.add(zombie);
      zombie = ram.get(zombie, Thread.next);
    }
    this.must(zombie === 0, "the list of zombies has no end");
    return [...found];
  }
  /** What the CPUs run. */
  private running(): number[] {
    return this.oracle.cpuPages.map((_, id) =>
      this.ram.get(cpuArea(id), PerCpu.current));
  }

  private guest(n: number): void {
    const { ram } = this, lg = lguestOf(n), vcpu = ram.get(lg, Lguest.vcpu);
    const directory = ram.get(lg, Lguest.directory);
    this.must((vcpu === 0) === (directory === 0), `Guest ${n} is half gone`);
    if (vcpu === 0) return;
    this.claim(page(low(vcpu)), "a lg_cpu");
    this.claim(page(ram.get(vcpu, LgCpu.regs_page)), "a page of registers");
    this.must(ram.get(vcpu, LgCpu.lguest) === lg, "lg_cpu.lguest");
    this.must(page(ram.get(vcpu, LgCpu.regs_page)) === this.oracle.regs[n],
      "lg_cpu.regs_page");
    this.must(page(directory) === this.oracle.directories[n],
      "lguest.directory");
    this.space(n, directory);
    this.purse(n, vcpu);
  }
  /** The Launcher's address space: the Host's quarter, and the memory. */
  private space(n: number, directory: number): void {
    const { ram, oracle } = this;
    this.claim(page(directory), "a Launcher's directory");
    const boot = ram.get(HOST, Shared.boot_directory);
    for (let i = 0; i < 1024; i++) {
      const pde = ram.at(directory + 4 * i);
      if (i >= 768) {
        this.must(((pde ^ ram.at(boot + 4 * i)) & ~MARKS) === 0,
          `entry ${i} of a Launcher's directory`);
        continue;
      }
      if (!(pde & 1)) continue;
      this.claim(page(pde), "a Launcher's table");
      for (let k = 0; k < 1024; k++) {
        const pte = ram.at(page(pde) * 4096 + 4 * k);
        if (!(pte & 1)) continue;
        this.claim(page(pte), "a Guest's page");
        this.must(oracle.owner[page(pte)] === n + 1, "a Guest's page moved");
      }
    }
  }
  /** All that the purse has given out, and what is left in it. */
  private purse(n: number, vcpu: number): void {
    const { ram } = this;
    let pages = 0, left = 0;
    for (let at = ram.get(vcpu, LgCpu.pool); at !== 0; at = ram.at(at)) {
      this.claim(page(at), "a page of the purse");
      if (this.wrong.length) return;
      left++;
    }
    this.must(left === ram.get(vcpu, LgCpu.pool_count), "pool_count");
    for (let slot = 0; slot < 4; slot++) {
      const shadow = ram.get(vcpu, LgCpu.shadow, slot);
      if (shadow === 0) continue;
      pages += 1 + this.shadow(n, shadow);
    }
    const memory = ram.get(lguestOf(n), Lguest.memory) / 4096;
    this.must(pages + left === 64 + 8 * Math.ceil(memory / 1024),
      `Guest ${n}'s purse had another number of pages`);
  }
  private shadow(n: number, shadow: number): number {
    const { ram, oracle } = this;
    let tables = 0;
    this.claim(page(shadow), "a shadow directory");
    for (let i = 0; i < 1023; i++) {
      const pde = ram.at(shadow + 4 * i);
      if (!(pde & 1)) continue;
      tables++;
      this.claim(page(pde), "a shadow table");
      this.must((pde & 0xf98) === 0, `a shadow's entry 0x${pde.toString(16)}`);
      for (let k = 0; k < 1024; k++) {
        const pte = ram.at(page(pde) * 4096 + 4 * k);
        if (!(pte & 1)) continue;
        this.must(oracle.owner[page(pte)] === n + 1 && (pte & 0x180) === 0 &&
          (pte & 0x42) !== 2, `a shadow's page 0x${pte.toString(16)}`);
      }
    }
    const last = ram.at(shadow + 4 * 1023);
    this.must(last === 0 || oracle.cpuPages.some(({ guestPtes }) =>
      ((last & ~MARKS) >>> 0) === guestPtes * 4096 + 3),
    "a shadow's entry 1023");
    return tables;
  }

  /** Whether one of these CPUs is awake, or will be at once. */
  private isAwaited(allowed: number): boolean {
    return this.oracle.machine.cpus.some((cpu) =>
      (allowed & (1 << cpu.id)) !== 0 &&
      (cpu.w[ACTIVITY] !== HALTED || pendingInterrupt(cpu)));
  }
  private queue(): void {
    const { ram } = this, threads = this.threads();
    let at = ram.get(HOST, Shared.queue_head), last = 0, length = 0;
    let woken = ram.get(HOST, Shared.last_woken);
    while (at !== 0 && length++ < 8) {
      if (!threads.includes(at)) {
        this.must(false, `the queue has 0x${at.toString(16)} in it`);
        return;
      }
      this.must(this.isAwaited(ram.get(at, Thread.allowed)),
        `nobody comes for the thread 0x${at.toString(16)}`);
      last = at;
      if (at === woken) woken = 0;
      at = ram.get(at, Thread.next);
    }
    this.must(woken === 0, "last_woken isn't in the queue");
    this.must(length <= this.guests, "the queue is too long");
    this.must(ram.get(HOST, Shared.queue_tail) === last, "queue_tail");
    let alarm = ram.get(HOST, Shared.alarms);
    for (let n = 0; alarm !== 0; n++) {
      if (n === this.guests || !threads.includes(alarm)) {
        this.must(false, `the alarms have 0x${alarm.toString(16)}`);
        return;
      }
      this.must(ram.get(alarm, Thread.alarm) !== 0 ||
        ram.get(alarm, Thread.alarm, 1) !== 0, "an alarm without a time");
      alarm = ram.get(alarm, Thread.alarm_next);
    }
    const running = this.running();
    for (const thread of threads) {
      const esp = ram.get(thread, Thread.esp);
      const runs = running.filter((one) => one === thread).length;
      this.must(runs <= 1, "two CPUs run one thread");
      this.must(runs === 1 || (esp > thread && esp <= thread + 4096),
        "a thread's stack pointer");
    }
  }
}
