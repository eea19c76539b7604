// What an inquisitor is made of: assembly for small Guests that look
// around, compare, and say "ok" or "differs" by NOTIFY.
import { assemble, writeElf } from "../../src/assembler";
import { mapAll } from "../guests";

/** One fact, where it is told, and the code that looks. */
export interface Check {
  /** The section of the ABI's facts, as "§7". */
  readonly section: string;
  readonly fact: string;
  readonly text: string;
  /** What the console prints of it, if anything. */
  readonly says?: string;
  /** Why the Guest ends of it: it has one for itself. */
  readonly ends?: RegExp;
}

/** A Guest: how far it has booted when its checks begin. */
export interface Inquiry {
  readonly name: string;
  readonly stage: "linear" | "paged";
  /** Bytes of memory that it has: 4 MiB, or these. */
  readonly memory?: number;
  readonly checks: readonly Check[];
}

export const check = (section: string, fact: string, text: string): Check =>
  ({ section, fact, text });
/** A fact that makes the console print something. */
export const says = (
  section: string, fact: string, text: string, printed: string,
): Check => ({ section, fact, text, says: printed });
/** A fact that nobody survives. */
export const ends = (
  section: string, fact: string, text: string, reason: RegExp,
): Check => ({ section, fact, text, ends: reason });

let labels = 0;
/** A label that nobody else has. */
const fresh = () => `fresh_${labels++}`;

const hex = (n: number) => `0x${(n >>> 0).toString(16)}`;
const operand = (n: number | string) =>
  typeof n === "number" ? `$${hex(n)}` : n;

/** A hypercall; numbers, or operands such as "$label" and "%edi". */
export function call(number: number, ...args: (number | string)[]): string {
  return args.map((value, i) =>
    `movl ${operand(value)}, %${["ebx", "ecx", "edx", "esi"][i]}\n`)
    .join("") + `movl $${number}, %eax\n int $0x1f\n`;
}

/** What is there must be this, under the mask; clobbers eax and ecx. */
export function expect(
  what: string, wanted: number | string, mask = 0xffffffff,
): string {
  const there = fresh();
  return (what === "%eax" ? "" : `movl ${what}, %eax\n`) +
    (mask === 0xffffffff ? "" : `andl $${hex(mask)}, %eax\n`) +
    `movl ${operand(wanted)}, %ecx\n cmpl %ecx, %eax\n je ${there}\n` +
    `call differs\n${there}:\n`;
}

/** The flags must be these, under the mask. */
export const expectFlags = (wanted: number, mask: number) =>
  "pushfl\n" + `popl %eax\n${expect("%eax", wanted, mask)}`;

/** A gate; the handler is a label, or undefined for none. */
export function gate(
  vector: number, handler: string | undefined, type = 0x8e00,
): string {
  if (handler === undefined) return call(6, vector, 0, 0);
  return `movl $${handler}, %ecx\n movl %ecx, %edx\n` +
    `andl $0xffff0000, %edx\n orl $${hex(type)}, %edx\n` +
    `movl $6, %eax\n movl $${vector}, %ebx\n int $0x1f\n`;
}

/** Provokes a trap, and looks at it from its handler: %esp is the frame,
 * the label `at` where it happened. */
export function trap(
  vector: number, type: number, provoke: string,
  look: (at: string) => string,
): string {
  const handler = fresh(), at = fresh(), end = fresh();
  return gate(vector, handler, type) + `movl %esp, saved\n` +
    `${at}: ${provoke}\n` +
    `movl $0xdead0000 + ${vector}, %eax\n call differs\n jmp ${end}\n` +
    `${handler}:\n${look(at)}\n` +
    `${end}:\n movl $0x69, %eax\n movl %eax, %ds\n movl %eax, %es\n` +
    `movl saved, %esp\n cld\n movl $0x200, data\n` + gate(vector, undefined);
}

/** Goes on in ring 3 with these lines. */
export function descend(text: string): string {
  const there = fresh();
  return "pushl $0x7b\n pushl $user_stack\n pushl $0x202\n pushl $0x73\n" +
    `pushl $${there}\n movl $0x7b, %eax\n movl %eax, %ds\n` +
    `movl %eax, %es\n iret\n${there}:\n${text}\n`;
}

/** Runs a program in ring 3 up to its int $0x80. */
export function program(text: string): string {
  const back = fresh();
  return `movl $${back}, resume\n movl %esp, saved_kernel\n` +
    descend(`${text}\n int $0x80`) + `${back}:\n movl saved_kernel, %esp\n`;
}

const PAGED = `
    movl $0x201007, 0x200000
    movl $0x202007, 0x200c00          # and at 0xc0000000 as well
${mapAll(0x201000)}${mapAll(0x202000)}` + call(4, 0x200000) + call(18, 14, 0xffff, 0xcffa00) +
  call(18, 15, 0xffff, 0xcff200) + call(7, 0x69, "$ring1_stack", 1) +
  gate(0x80, "system_call", 0xef00);

const COMMON = `
system_call:                    # back from ring 3, which knows no better
    movl %eax, user_eax
    movl $0x69, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %esp, user_frame
    jmp *resume
nothing: iret
differs:                        # keeps what was found, the first time
    cmpl $0, wrong
    jne 1f
    movl $1, wrong
    movl %eax, got
1:  ret
report:
    movl $ok, %ebx
    cmpl $0, wrong
    je 3f
    movl got, %edx
    movl $digits, %edi
    movl $8, %ecx
1:  roll $4, %edx
    movl %edx, %eax
    andl $15, %eax
    addl $48, %eax
    cmpl $58, %eax
    jb 2f
    addl $39, %eax
2:  movb %al, (%edi)
    incl %edi
    decl %ecx
    jnz 1b
    movl $bad, %ebx
3:  movl $0, wrong
    movl $17, %eax
    int $0x1f
    ret
ok: .asciz "ok\\n"
bad: .ascii "differs: "
digits: .asciz "00000000\\n"
    .balign 4
wrong: .long 0
got: .long 0
saved: .long 0
saved_kernel: .long 0
resume: .long 0
user_eax: .long 0
user_frame: .long 0
entry: .fill 64, 1, 0
scratch: .fill 256, 1, 0
    .fill 1024, 1, 0
stack:
    .fill 512, 1, 0
user_stack:
bye: .long 0
    .balign 4096
    .fill 4096, 1, 0
ring1_stack:
data: .long 0x200, 1, 0, 0, 0, 0
    .fill 64, 1, 0xff
    .fill 1280, 1, 0
    .long 0, 0
    .long last_iret, 0xc0000000, 0x80
`;

/** Registers as they are at the very beginning, for who asks. */
const ENTRY = ["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"]
  .map((r, i) => `movl %${r}, entry + ${4 * i}\n`).join("") +
  ["cs", "ds", "es", "ss", "fs", "gs"].map((s, i) =>
    `movl %${s}, %eax\n movl %eax, entry + ${32 + 4 * i}\n`).join("") +
  "movl $stack, %esp\n pushfl\n popl entry + 56\n";

const PAIRS = /0xffc0([1-9a-f])(?=[0-9a-f]{3}\b)/g;

/** Whether a fact is about the pair of pages of the CPU that we are on. */
export const asksForPair = ({ text }: Check) => text.search(PAIRS) >= 0;

/** What is written for CPU 0, for another one: its pair lies further up, and
 * so does its neighbour's. */
const seenFrom = (text: string, cpu: number) => text.replace(PAIRS,
  (_, page: string) => `0xffc0${(parseInt(page, 16) + 2 * cpu).toString(16)}`);

/** The Guest of an inquiry, as a kernel's file. */
export function guestOf(inquiry: Inquiry, cpu = 0): Uint8Array {
  const { stage } = inquiry;
  const checks = inquiry.checks.map((one) =>
    ({ ...one, text: seenFrom(one.text, cpu) }));
  const text = `start:\n${ENTRY}${call(1, "$data")}` +
    (stage === "paged" ? PAGED : "") +
    checks.map((c) => `movl $stack, %esp\n${c.text}\n call report\n`)
      .join("") + call(2, "$bye", 1) +
    (checks.some((c) => c.text.includes("last_iret:")) ? ""
      : "last_iret: iret\n") + COMMON;
  const known = images.get(text);
  if (known) return known;
  const { bytes } = assemble(text, { origin: 0x100000, name: inquiry.name });
  const image =
    writeElf([{ paddr: 0x100000, vaddr: 0x100000, bytes }], 0x100000);
  images.set(text, image);
  return image;
}

/** Guests that have been assembled, for other CPUs to run them. */
const images = new Map<string, Uint8Array>();
