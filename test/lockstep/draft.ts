// A block of a program while it is written.
import { Random } from "../silicon/random";
import { CR0_WP, CR4_PGE } from "../../src/machine";
import { BASED, DATA, DIRECTORY_A, DIRECTORY_B, S } from "./layout";
import { asText, calm, type Manner, wild } from "./soup";

/** What blocks know of their program. */
export interface Surroundings {
  readonly cpus: number;
  /** Entries of the kernel. */
  readonly at: (name: string) => number;
  /** Makes labels, counters, and places for code of 16 bits. */
  readonly numbers: { label: number; counter: number; narrow: number };
}

/** Where the counters of loops are: a page that the rest leaves alone. */
const COUNTERS = DATA + 0xf000;

export class Draft {
  text = "";
  /** What DS and ES begin at; DS is in the frame. */
  base = 0;
  computing: readonly number[] = [0, 1, 2];
  pointers: readonly number[] = [3, 5, 6, 7];
  /** Code of 16 bits, and where it goes. */
  readonly narrowParts: { at: number; text: string }[] = [];
  /** Routines, behind the block's end. */
  behind = "";

  constructor(
    readonly r: Random, readonly ring: number,
    readonly around: Surroundings,
  ) {}

  add(...lines: readonly string[]): void {
    for (const line of lines) this.text += `  ${line}\n`;
  }

  label(): string {
    return `L${this.around.numbers.label++}`;
  }

  put(label: string): void {
    this.text += `${label}:\n`;
  }

  /** One of the computing registers, by name. */
  register(): string {
    return ["%eax", "%ecx", "%edx", "%ebx"][this.r.pick(this.computing)]!;
  }

  manner(): Manner {
    const { computing, pointers, base } = this;
    return { computing, pointers, base, wild: false, narrow: false };
  }

  calm(n = 1): void {
    for (; n > 0; n--) this.text += asText(calm(this.r, this.manner()));
  }

  /** What may fault stands alone between multiples of 16. */
  risky(...lines: readonly string[]): void {
    this.add(".balign 16", ...lines, ".balign 16");
  }

  wild(n = 1): void {
    for (; n > 0; n--) {
      this.add(".balign 16");
      this.text += asText(wild(this.r, this.manner()));
    }
    this.add(".balign 16");
  }

  /** Text that is written in place of the block's, and given back. */
  aside(write: () => void): string {
    const { text } = this;
    this.text = "";
    write();
    const written = this.text;
    this.text = text;
    return written;
  }

  /** The operand of a counter of this block's own. */
  counter(): string {
    const at = COUNTERS + 4 * (this.around.numbers.counter++ & 0x3bf);
    return String(at - this.base);
  }

  /** So many times the same, which may compute with those registers. */
  loop(
    times: number, body: () => void, computing = this.computing,
  ): void {
    const { r, computing: held } = this;
    const whole = r.chance(85) ? body : () => {
      body();
      this.#disturb();
    };
    this.computing = computing;
    if (held.includes(1) && r.chance(45)) this.#countWithEcx(times, whole);
    else this.loopOutside(times, whole);
    this.computing = held;
  }

  /** What makes caches forget, amid a loop. */
  #disturb(): void {
    const { r, ring } = this;
    if (ring !== 0)
      return this.add(r.pick(["int $0x83", "int $0x83", "int $0x81"]));
    const [name, bits] = r.pick([["cr3", DIRECTORY_A ^ DIRECTORY_B],
      ["cr3", DIRECTORY_A ^ DIRECTORY_B], ["cr3", 0], ["cr0", CR0_WP],
      ["cr4", CR4_PGE]] as const);
    this.add("push %eax", `mov %${name},%eax`, `xor $${bits},%eax`,
      `mov %eax,%${name}`, "pop %eax");
  }

  #countWithEcx(times: number, body: () => void): void {
    const { r } = this, again = this.label();
    this.computing = this.computing.filter((n) => n !== 1);
    this.add(`mov $${times},%ecx`);
    this.put(again);
    body();
    if (r.chance(25)) {
      const out = this.label();
      this.add("loop 1f", `jmp ${out}`, `1: jmp ${again}`);
      this.put(out);
    } else this.add("dec %ecx", `jg ${again}`);
  }

  /** The same with a counter in memory, now and then amid the code. */
  loopOutside(times: number, body: () => void): void {
    const again = this.label(), amid = this.r.chance(12);
    const word = this.label(), over = this.label();
    const counter = amid ? `${word}-${this.base}` : this.counter();
    this.add(`movl $${times},${counter}`);
    this.put(again);
    body();
    this.add(`decl ${counter}`, `jg ${again}`);
    if (!amid) return;
    this.add(`jmp ${over}`);
    this.text += `${word}: .long 0\n${over}:\n`;
  }

  /** DS and ES begin at the data for a while, and pointers with them. */
  based(body: () => void): void {
    const selector = this.ring === 3 ? S.based : S.based & ~3;
    const move = (sign: string) => ["ebx", "ebp", "esi", "edi"]
      .map((name) => `${sign} $${BASED},%${name}`);
    this.add("push %ds", "push %es", `mov $${selector},%eax`,
      "mov %eax,%ds", "mov %eax,%es", ...move("sub"));
    this.base = BASED;
    body();
    this.base = 0;
    this.add("pop %es", "pop %ds", ...move("add"));
  }
}
