// Woven from chapters/630-locks.md.
// Watches that each word of the Host's is touched by those who may.
import { nameAddress } from "../assembler";
import { HOST, PerCpu, Shared, Thread, cpuArea, cpuLayout, get, hostLayout,
  hostMemory, most, place, programLayouts, programsLayout, threadLayout }
  from "../host";
import type { Field, Memory, Structure } from "../host";
import { LgCpu, Lguest, buildHost, lgCpuLayout, lguestCpuLayout,
  lguestHostLayout, lguestLayout, lguestMap, lguestOf } from "../lguest";
import { CPL, EIP, GDTR_BASE, IF, SYSTEM_FLAGS, hex32, panic, peekPage,
  readVirtual } from "../machine";
import type { Cpu, Machine } from "../machine";

/** A field, and who may touch it. */
interface Word { readonly name: string; readonly guards: readonly string[] }

/** What is at each byte of a page. */
type Words = readonly (Word | undefined)[];

function wordsOf(...layouts: Structure[]): Words {
  const words = new Array<Word | undefined>(4096).fill(undefined);
  for (const layout of layouts)
    for (const [key, f] of Object.entries(layout.field)) {
      const name = `${layout.name}.${key}`, names = f.guard.split(" ");
      if (!names.every((one) => one in guards))
        panic(`${name} has the guard "${f.guard}"`);
      words.fill({ name, guards: names },
        f.offset, f.offset + f.size * f.count);
    }
  return words;
}


/** Words that lead to others. */
const ROOTS = ["lguest.vcpu", "host.threads", "host.zombies",
  "cpu.current"];

/** What there is now, by the numbers of the pages. */
function findPages(memory: Memory): Map<number, Words> {
  const pages = new Map<number, Words>();
  const add = (at: number, words: Words) => {
    if (at !== 0) pages.set(at >>> 12, words);
  };
  add(HOST, hostWords);
  for (let n = 0; n < most.CPUS_MAX; n++) {
    add(cpuArea(n), cpuWords);
    add(place.IDLES + n * 4096, threadWords);
  }
  for (let n = 0; n < lguestMap.GUESTS_MAX; n++) {
    const vcpu = get(memory, lguestOf(n), Lguest.vcpu);
    add(lguestOf(n), guestWords);
    add(vcpu, vcpuWords);
  }
  const follow = (from: Field, next: Field) => {
    const seen = new Set([0]);
    for (let at = get(memory, HOST, from); !seen.has(at);
      at = get(memory, at, next)) {
      seen.add(at);
      add(at, threadWords);
    }
  };
  follow(Shared.threads, Thread.all_next);
  follow(Shared.zombies, Thread.next);
  return pages;
}


/** An access to a field. */
interface Access {
  readonly word: Word;
  /** Where it is, and where its structure begins. */
  readonly linear: number;
  readonly at: number;
  readonly write: boolean;
  /** A store by an instruction that locks. */
  readonly locked: boolean;
  /** With interrupts off. */
  readonly off: boolean;
  /** struct cpu of the CPU that does it. */
  readonly by: number;
}

/** What guards know besides: the Host's memory, and who has written
 * what nobody had written before. */
interface Known {
  readonly memory: Memory;
  readonly writers: Map<number, number>;
}

type Guard = (access: Access, known: Known) => boolean;


const booting = ({ memory }: Known) => get(memory, HOST, Shared.ready) === 0;

const self: Guard = ({ at, by }, known) =>
  at === by || booting(known) && by === cpuArea(0);

const holds = (lock: "queue_lock" | "allocator_lock" | "call_lock"): Guard =>
  ({ by, off }, { memory }) => off && get(memory, HOST, Shared[lock]) === by;

/** The thread that a structure belongs to; 0 if it has none. */
function threadOf({ word, at }: Access, { memory }: Known): number {
  if (word.name.startsWith("thread.")) return at;
  const vcpu = word.name.startsWith("lguest.")
    ? get(memory, at, Lguest.vcpu) : at;
  return vcpu === 0 ? 0 : get(memory, vcpu, LgCpu.thread);
}


const guards: Readonly<Record<string, Guard>> = {
  queue_lock: holds("queue_lock"),
  allocator_lock: holds("allocator_lock"),
  call_lock: holds("call_lock"),
  loader: (access, known) => holds("allocator_lock")(access, known) ||
    access.off && self(access, known),
  own: (access, known) => access.off && self(access, known),
  self,
  thread(access, known) {
    const thread = threadOf(access, known);
    return thread === 0 ? holds("allocator_lock")(access, known)
      : thread === get(known.memory, access.by, PerCpu.current);
  },
  boot: ({ write }, known) => !write || booting(known),
  atomic: ({ write, locked }) => !write || locked,
  first({ write, linear, by }, { writers }) {
    if (!write) return true;
    if (!writers.has(linear)) writers.set(linear, by);
    return writers.get(linear) === by;
  },
  lock: ({ write, locked, off, linear, by }, { memory }) => !write ||
    off && (locked || memory.load32(linear) >>> 0 === by),
  peek: () => true,
};

/** Whether all that guard a field agree: to a load, if one does. */
function allowed(access: Access, known: Known): boolean {
  const agrees = (name: string) => guards[name]!(access, known);
  const names = access.word.guards;
  return access.write ? names.every(agrees) : names.some(agrees);
}

const hostWords = wordsOf(hostLayout, lguestHostLayout, programsLayout,
  ...programLayouts);
const cpuWords = wordsOf(cpuLayout, lguestCpuLayout);
const threadWords = wordsOf(threadLayout);
const guestWords = wordsOf(lguestLayout);
const vcpuWords = wordsOf(lgCpuLayout);


/** A look of the processor's into the tables that it runs on. */
function byItself({ word, at, write }: Access, cpu: Cpu): boolean {
  return !write && ["cpu.gdt", "cpu.task"].includes(word.name) &&
    cpu.w[GDTR_BASE]! >>> 0 === at + PerCpu.gdt.offset;
}


/** Loads and stores of a field. */
export interface Touches { loads: number; stores: number }

class LockChecker {
  readonly touched = new Map<string, Touches>();
  private readonly known: Known;
  private readonly said = new Set<string>();
  private pages = new Map<number, Words>();
  /** The APIC IDs of the CPUs. */
  private ids: readonly number[] = [];
  private stale = false;
  unwatch = () => {};

  constructor(
    private readonly machine: Machine,
    private readonly symbols: ReadonlyMap<string, number>,
    private readonly report: (cpu: Cpu, sentence: string) => void,
  ) {
    this.known = { memory: hostMemory(machine), writers: new Map() };
    this.scan();
  }

  /** Finds what there is now, and has its pages watched. */
  private scan(): void {
    const { memory } = this.known, before = this.pages;
    this.stale = false;
    this.pages = findPages(memory);
    this.ids = Array.from({ length: most.CPUS_MAX }, (_, n) =>
      get(memory, cpuArea(n), PerCpu.apic_id));
    const pages = new Set(this.pages.keys());
    if ([...pages].every((page) => before.has(page))) return;
    this.unwatch();
    this.unwatch = this.machine.watchData({ pages,
      told: (cpu, linear, size, write) => this.told(cpu, linear, write) });
  }

  private told(cpu: Cpu, linear: number, write: boolean): void {
    if (this.stale) this.scan();
    const words = this.pages.get(linear >>> 12);
    const stride = words === guestWords ? lguestMap.GUEST_STRIDE : 4096;
    const offset = linear % stride, word = words?.[offset];
    if (!word || peekPage(cpu, linear) !== linear - place.KERNEL) return;
    if (write && ROOTS.includes(word.name)) this.stale = true;
    this.note(word.name, write);
    const access: Access = { word, linear, at: linear - offset, write,
      locked: write && [0xf0, 0x86, 0x87].includes(codeAt(cpu)[0]!),
      off: (cpu.w[SYSTEM_FLAGS]! & IF) === 0,
      by: cpuArea(this.ids.indexOf(cpu.id)) };
    const may = cpu.w[CPL] === 0 ? allowed(access, this.known)
      : byItself(access, cpu);
    if (may) return;
    const name = this.nameOf(cpu), key = `${word.name} ${name}`;
    if (name === "setup" || this.said.has(key)) return;
    this.said.add(key);
    this.report(cpu, this.sentence(access, cpu, name));
  }

  /** Counts an access. */
  private note(name: string, write: boolean): void {
    let touches = this.touched.get(name);
    if (!touches) this.touched.set(name, touches = { loads: 0, stores: 0 });
    touches[write ? "stores" : "loads"]++;
  }

  /** Whose instruction it is. */
  private nameOf(cpu: Cpu): string {
    const eip = cpu.w[EIP]! >>> 0, [first, second, call] = codeAt(cpu);
    if (cpu.w[CPL] !== 0) return `a Guest in ring ${cpu.w[CPL]}`;
    if (first === 0x0f && second === 0x3f)
      return this.machine.hostCalls[call!]?.name ?? "a host call";
    return nameAddress(eip, this.symbols)?.split("+")[0] ?? "unknown code";
  }

  /** An access against its guard, in a line. */
  private sentence(access: Access, cpu: Cpu, name: string): string {
    const { word, at, write, off } = access, { memory } = this.known;
    const nameOfCpu = (area: number) => area === 0 ? "nobody"
      : `CPU ${(area - cpuArea(0)) / 4096}`;
    const owner = (lock: "queue_lock" | "allocator_lock") =>
      `${lock}: ${nameOfCpu(get(memory, HOST, Shared[lock]))}`;
    const whose = word.name.startsWith("cpu.") ? ` of ${nameOfCpu(at)}`
      : at === HOST ? "" : ` at 0x${hex32(at)}`;
    return `${name} on CPU ${cpu.id} ${write ? "stores to" : "loads"} ` +
      `${word.name}${whose}, guard ${word.guards.join(" ")}; ` +
      `${owner("queue_lock")}, ${owner("allocator_lock")}, ` +
      `interrupts ${off ? "off" : "on"}`;
  }
}


/** The first bytes of the instruction that is being executed. */
function codeAt(cpu: Cpu): Uint8Array | readonly number[] {
  return readVirtual(cpu, cpu.w[EIP]!, 3) ?? [];
}

/** A watch over the Host's words. */
export interface LockWatch {
  /** How often each field has been touched: "host.queue_head". */
  readonly touched: ReadonlyMap<string, Touches>;
  /** Ends it. */
  stop(): void;
}

/** Reports each access to the Host's structures that its guard doesn't
 * allow, once for a field and a function, and as an event `lock-report`.
 * The image's symbols name the functions. */
export function checkLocks(
  machine: Machine, report: (sentence: string) => void,
  symbols: ReadonlyMap<string, number> = buildHost().symbols,
): LockWatch {
  const checker = new LockChecker(machine, symbols, (cpu, sentence) => {
    report(sentence);
    machine.events.emit({ kind: "lock-report", cpu: cpu.id,
      count: machine.count, sentence });
  });
  return { touched: checker.touched, stop: () => checker.unwatch() };
}
