// One Host with two Guests, over and over: a hostile one, new each time,
// and a polite one that wants to be left alone.
import { assemble } from "../../src/assembler";
import { HOST, Shared, hostOops } from "../../src/host";
import { LHREQ_INITIALIZE, bootHost } from "../../src/lguest";
import { Devices, guestOutcome, launcher, storageFor } from
  "../../src/launcher";
import type { GuestDevices } from "../../src/launcher";
import { diskStorage } from "../../src/launcher/disk";
import { LAUNCHER_BYTES } from "../../src/launcher/registers";
import { runOn } from "../../src/launcher/moves";
import type { DevLguest } from "../../src/lguest";
import { ACTIVITY, CPL, H_RANDOM, Machine, RUNNING } from
  "../../src/machine";
import type { Schedule } from "../../src/machine";
import { PAGES } from "./generate";
import type { HostileGuest } from "./generate";
import { Invariants } from "./invariants";
import { Oracle, Ram } from "./oracle";

/** On how many CPUs, and after how many instructions the Guests are sent to
 * the next one each time. */
export interface Ground {
  readonly cpus: number;
  readonly every: number;
}

/** How a hostile Guest fared, and what it did to others. */
export interface Outcome {
  readonly seed: number;
  readonly state: string;
  readonly reason: string;
  readonly count: number;
  /** What must never be; empty if all is well. */
  readonly complaints: readonly string[];
}

const MiB = 1024 * 1024;
/** A CPU takes three pages. */
const MEMORY = 3.5 * MiB, MEMORY_A_CPU = 3 * 4096, POLITE_PAGES = 16;
/** Instructions that a hostile Guest gets, and then the polite one. */
const BUDGET = 20_000, GRACE = 2_000_000;
/** And how many until no CPU is in ring 0. A CPU whose clock lags behind
 * finds that time stands still, and its timer goes off again and again until
 * it has caught up; a schedule lets it lag 100 000 ticks. */
const CATCH_UP = 200_000;

/** What both have besides a console. */
const disk = { size: 8192, mode: "rw", id: "one" } as const;
const DEVICES: readonly GuestDevices[] = [
  { disks: [disk, { ...disk, mode: "ro" }], rng: true, nets: ["a"] },
  { disks: [disk], nets: ["a"] }];

/** Sleeps and wakes, and sees each time that its memory is as it was. */
const POLITE = `
start:
    movl $stack, %esp
    movl $1, %eax
    movl $data, %ebx
    int $0x1f
    movl $6, %eax
    movl $32, %ebx
    movl $handler, %ecx
    andl $0xffff, %ecx
    movl $0x8e00, %edx
    int $0x1f
    movl $0x5000, %edi
    movl $256, %ecx
1:  movl %edi, %eax
    stosl
    loop 1b
    movl $5, %ebp
2:  movl $9, %eax
    movl $40000, %ebx
    int $0x1f
    movl $10, %eax
    int $0x1f
    movl $0x5000, %esi
    movl $256, %ecx
3:  movl %esi, %edx
    lodsl
    cmpl %eax, %edx
    jne 4f
    loop 3b
    decl %ebp
    jnz 2b
    cmpl $5, woken
    jne 4f
    movl $bye, %ebx
    jmp 5f
4:  movl $sad, %ebx
5:  movl $2, %eax
    movl $1, %ecx
    int $0x1f
handler:
    incl woken
    iret
    .balign 4
woken: .long 0
bye: .long 0
sad: .asciz "somebody was in my memory"
    .balign 4
data:
    .long 0, 0, 0, 0, 0, 0
    .fill 64, 1, 0xff
    .fill 1288, 1, 0
    .long 0, 0xc0000000, 0x80
    .fill 256, 1, 0
stack:
`;

const RANDOM: Schedule = { kind: "random", quantum: 100 };
const FIRST: Schedule = { kind: "list",
  turns: [{ cpu: 0, instructions: 1 }] };

/** A machine with a Host that has just made both Launchers. */
export class Stage {
  readonly machine: Machine;
  readonly oracle: Oracle;
  private guest: HostileGuest | undefined;
  private readonly block: Uint8Array;
  private readonly copy: Uint8Array;
  private readonly header: Int32Array;
  private readonly invariants: Invariants;
  private readonly way: Parameters<typeof runOn>[1];
  /** Devices of the polite one, which it leaves alone; and as they were. */
  private readonly quiet: Uint8Array[];
  private readonly before: Uint8Array[];
  private printed = 0;

  constructor({ cpus = 1, every = Infinity }: Partial<Ground> = {}) {
    const memory = MEMORY + (cpus - 1) * MEMORY_A_CPU;
    const machine = this.machine =
      new Machine({ cpus, memory, dataTlb: 16, codeTlb: 8,
        storage: storageFor(DEVICES) });
    this.way = { migrateEvery: every, ...cpus > 1 && { schedule: RANDOM } };
    const polite = assemble(POLITE, { origin: 0x1000, name: "polite" });
    const print = (_: Uint8Array, guest: number) => { this.printed |= guest; };
    const { buses } = new Devices(machine, DEVICES, { print },
      { columns: 80, rows: 25 });
    const inner = launcher(print, buses);
    const start = (
      dev: DevLguest, pages: number, entry: number,
      parts: HostileGuest["parts"],
    ) => {
      for (const { address, bytes } of parts) dev.writeGuest(address, bytes);
      dev.write(LHREQ_INITIALIZE, dev.memBase, pages, entry,
        pages + buses[dev.guest]!.begin(dev.memory));
      return "read" as const;
    };
    const step = (dev: DevLguest) => {
      if (dev.result !== undefined) return inner.step(dev);
      if (dev.guest === 1) return start(dev, POLITE_PAGES, 0x1000,
        [{ address: 0x1000, bytes: polite.bytes }]);
      return start(dev, PAGES, this.guest!.entry, this.guest!.parts);
    };
    const module = (pages: number) => ({ name: "g", commandLine: "",
      image: new Uint8Array(4), memory: pages * 4096 });
    bootHost(machine, { launcher: { step },
      guests: [module(PAGES), module(POLITE_PAGES)] });
    const ram = new Ram(machine);
    this.bootLaunchers(ram);
    buses[1]!.begin(POLITE_PAGES * 4096);
    const { buffer } = machine.memory;
    this.block = new Uint8Array(buffer, 0, machine.layout.blockSize);
    this.copy = this.block.slice();
    this.header = new Int32Array(buffer);
    const { storage } = machine;
    this.quiet = [storage.subarray(LAUNCHER_BYTES, 2 * LAUNCHER_BYTES),
      storage.subarray(-diskStorage(disk.size))];
    this.before = this.quiet.map((part) => part.slice());
    this.oracle = new Oracle(machine, ram, 2);
    this.invariants = new Invariants(ram, this.oracle, 2);
  }

  /** To where both Launchers have been made, and none has run: once the
   * Host is ready, the other CPUs would look for work. */
  private bootLaunchers(ram: Ram): void {
    const { machine } = this;
    let created = 0;
    const off = machine.events.on((event) => {
      if (event.kind === "hostcall" && (event.name === "load_lguest" ||
        (event.name === "create_process" && ++created === 2)))
        machine.requestStop();
    });
    machine.run({ maxInstructions: 1e6 });
    machine.run({ maxInstructions: 1e6,
      stopWhen: () => ram.get(HOST, Shared.ready) === 1 });
    machine.run({ maxInstructions: 1e6, schedule: FIRST });
    off();
    if (created !== 2) throw new Error("there are no Launchers");
  }

  /** Back to where no Guest has run yet. */
  private reset(seed: number): void {
    const { machine } = this;
    this.block.set(this.copy);
    this.header[H_RANDOM] = seed | 0 || 1;
    const { codePages } = machine;
    for (let frame = 0x10b; frame < machine.ramSize / 4096; frame++) {
      if (!codePages[frame]) continue;
      machine.dropCode(frame * 4096, 4096);
      codePages[frame] = 0;
    }
    for (const cpu of machine.cpus) cpu.refresh();
    this.oracle.reset();
    this.printed = 0;
  }

  /** Runs one; a Host that throws is a complaint as well. */
  run(guest: HostileGuest): Outcome {
    const { machine, oracle } = this;
    this.guest = guest;
    this.reset(guest.seed);
    const start = machine.count;
    let complaints: string[] = [], count = 0, asleep = false;
    try {
      const { reason } = this.go(guest.budget ?? BUDGET);
      count = machine.count - start;
      asleep = reason === "halted";
      if (reason === "budget" && !this.giveGrace())
        complaints.push("some CPU is always in ring 0");
      if (reason === "shutdown") complaints.push("a triple fault");
      complaints.push(...this.invariants.check(), ...this.devices());
      const polite = guestOutcome(machine, 1);
      if (polite.state !== "poweroff" || polite.reason)
        complaints.push(`the polite Guest: ${polite.state} ${polite.reason}`);
    } catch (error) {
      complaints.push(error instanceof Error ? error.stack ?? error.message
        : String(error));
    }
    const oops = hostOops(machine);
    if (oops) complaints.push(`oops: ${oops}`);
    complaints = [...oracle.complaints, ...complaints];
    const { state, reason } = guestOutcome(machine, 0);
    return { seed: guest.seed, reason, count, complaints,
      state: asleep && state === "running" ? "asleep for ever" : state };
  }

  /** The polite one's devices are as they were. */
  private devices(): string[] {
    const same = this.quiet.every((part, i) =>
      Buffer.compare(part, this.before[i]!) === 0);
    return [...same ? [] : ["the polite Guest's devices have changed"],
      ...this.printed ? ["the polite Guest has printed"] : []];
  }

  private go(maxInstructions: number): ReturnType<typeof runOn> {
    return runOn(this.machine, this.way, { maxInstructions });
  }

  /** Until the polite one is through; and then out of ring 0. */
  private giveGrace(): boolean {
    const { machine } = this, { schedule } = this.way;
    for (let n = 0; n < GRACE; n += 10_000) {
      if (guestOutcome(machine, 1).state !== "running") break;
      this.go(10_000);
    }
    const out = () => machine.cpus.every(({ w }) =>
      w[CPL] !== 0 || w[ACTIVITY] !== RUNNING);
    machine.run({ maxInstructions: CATCH_UP, stopWhen: out,
      ...schedule && { schedule } });
    return out();
  }
}
