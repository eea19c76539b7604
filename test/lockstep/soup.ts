// Single instructions: bytes of any form of the table, with operands that
// mostly lie in the data.
import { forms } from "../../src/table";
import type { Form, Operand } from "../../src/table";
import type { Random } from "../silicon/random";
import { ALIASES, DATA, DEVICE } from "./layout";

/** What an instruction may do. */
export interface Manner {
  /** The registers that are computed with, of EAX ECX EDX EBX; others hold
   * pointers. */
  readonly computing: readonly number[];
  readonly pointers: readonly number[];
  /** No care: any register, any address now and then. */
  readonly wild: boolean;
  /** For code of 16 bits. */
  readonly narrow: boolean;
  /** What is added to where the data are, as the segments have it. */
  readonly base: number;
}

const control = new Set(("jcc jmp call ret loop loope loopne jecxz int int1 "
  + "int3 into bound ud1 ud2 hostcall callf jmpf retf iret sysenter sysexit "
  + "hlt").split(" "));
const moving = new Set(("push pop pusha popa pushf popf enter leave xlat std "
  + "cli sti esc fninit fnstsw fnstcw sahf").split(" "));
const wrecking = new Set(("lgdt lidt lldt ltr wrmsr lmsw hlt").split(" "));

const isSegment = ({ kind }: Operand) => kind === "S" || kind === "segment";
const asksDescriptor = (form: Form) => form.operands.some(isSegment)
  || /^(l[edsfg]s|lar|lsl|verr|verw|arpl|sldt|str)$/.test(form.semantic);

/** Forms that go on behind themselves and don't fault by themselves. */
export const calmForms = forms.filter((form) => form.privilege === "any"
  && form.rep === "" && !control.has(form.semantic)
  && !moving.has(form.semantic) && !asksDescriptor(form)
  && !/div|aam|esc|rdpmc|rdtsc|cpuid|fwait|smsw|sgdt|sidt/.test(form.semantic)
  && !form.operands.some(({ kind }) => kind === "A"));
/** All that may stand where a fault leads to the next one. */
export const wildForms = forms.filter((form) =>
  !wrecking.has(form.semantic));
const arithmetic = calmForms.filter(({ semantic }) =>
  /^(add|adc|sub|sbb|cmp|inc|dec|neg)$/.test(semantic));
const common = calmForms.filter(({ semantic }) =>
  /^(add|adc|sub|sbb|and|or|xor|cmp|test|inc|dec|mov|movzx|movsx|lea|shl|shr|sar|imul|setcc|cmovcc|xchg|neg|not)$/
    .test(semantic));

const bytesOf = (value: number, size: number) =>
  Array.from({ length: size }, (_, i) => (value >>> (8 * i)) & 0xff);

const sizeOf = (letter: string, wide: number) =>
  ({ b: 1, w: 2, d: 4, p: wide + 2, a: 2 * wide, s: 6, q: 8 })[letter]
  ?? wide;

/** Some place in the data, often at a page's edge. */
export function somePlace(r: Random): number {
  const page = r.chance(70) ? DATA + 0x1000 * r.below(15)
    : ALIASES + 0x1000 * r.below(32);
  return page + (r.chance(15) ? 0xff8 + r.below(8) : r.below(0xff0));
}

class Encoder {
  readonly #r: Random;
  readonly #manner: Manner;

  constructor(r: Random, manner: Manner) {
    this.#r = r;
    this.#manner = manner;
  }

  /** The form's bytes, or undefined if they would be too many. */
  encode(form: Form): number[] | undefined {
    const r = this.#r, m = this.#manner;
    const narrowData = r.chance(m.narrow ? 60 : 15);
    const narrowAddress = r.chance(m.narrow ? 50
      : m.wild || m.base !== 0 ? 8 : 0);
    const wide = narrowData ? 2 : 4;
    const body = [...form.prefix];
    if (form.plusReg)
      body[body.length - 1]! += this.#register(false);
    let locked = false, override: number[] = [];
    if (form.modrm) {
      const inMemory = this.#inMemory(form);
      const middle = form.digit ?? this.#middle(form);
      locked = inMemory && r.chance(form.lock ? 12 : m.wild ? 1 : 0);
      const byte = form.operands.find(({ kind }) => kind === "E");
      if (!inMemory)
        body.push(0xc0 | (middle << 3) | this.#register(byte?.size === "b"));
      else if (narrowAddress) body.push(...this.#memory16(middle));
      else body.push(...this.#memory32(middle));
      if (inMemory && r.chance(8))
        override = [r.pick([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65])];
    }
    for (const operand of form.operands)
      body.push(...this.#immediate(form, operand, wide, narrowAddress));
    const prefixes = [
      ...(narrowData !== m.narrow ? [0x66] : []),
      ...(narrowAddress !== m.narrow ? [0x67] : []),
      ...(locked ? [0xf0] : []), ...override,
      ...(m.wild && form.rep && r.chance(70) ? [r.pick([0xf2, 0xf3])] : []),
      ...(form.mandatory ? [form.mandatory] : []),
    ];
    const all = [...prefixes, ...body];
    return all.length > 15 ? undefined : all;
  }

  #register(byte: boolean): number {
    const r = this.#r, { computing, wild } = this.#manner;
    if (wild && r.chance(25)) return r.below(8);
    const n = r.pick(computing);
    return byte && r.chance(40) ? n + 4 : n;
  }

  #middle(form: Form): number {
    const r = this.#r, kinds = form.operands.map(({ kind }) => kind);
    if (kinds.includes("C")) return r.pick([0, 2, 3, 4]);
    if (kinds.includes("D")) return r.below(8);
    if (kinds.includes("S")) return r.below(6);
    const g = form.operands.find(({ kind }) => kind === "G");
    return this.#register(g?.size === "b");
  }

  #inMemory(form: Form): boolean {
    const r = this.#r, kinds = form.operands.map(({ kind }) => kind);
    if (kinds.some((kind) => "RCD".includes(kind))) return false;
    if (kinds.includes("M")) return !this.#manner.wild || r.chance(97);
    // bt and its like reach far with a register's help.
    const reaches = /^bt/.test(form.semantic) && kinds.includes("G");
    return r.chance(reaches && !this.#manner.wild ? 0 : 55);
  }

  #memory32(middle: number): number[] {
    const r = this.#r, { pointers, base, wild } = this.#manner;
    if (wild && r.chance(10)) {
      const random = r.below(256);
      return [0x80 | (middle << 3) | 4, random,
        ...bytesOf(r.chance(50) ? r.operand() : somePlace(r), 4)];
    }
    if (r.chance(20)) {
      const at = r.chance(wild ? 5 : 0) ? DEVICE + r.below(64)
        : somePlace(r);
      return [(middle << 3) | 5, ...bytesOf(at - base, 4)];
    }
    const pointer = r.pick(pointers);
    const near = r.chance(60), distance = r.below(256) - 128;
    const tail = near ? bytesOf(distance, 1) : bytesOf(distance, 4);
    const mod = near ? 0x40 : 0x80;
    if (pointer === 4 || r.chance(20)) {
      // A scale without an index; or one that is zero.
      return [mod | (middle << 3) | 4, (r.below(4) << 6) | 0x20 | pointer,
        ...tail];
    }
    return [mod | (middle << 3) | pointer, ...tail];
  }

  #memory16(middle: number): number[] {
    const r = this.#r, m = this.#manner;
    if (m.base === 0 && !m.wild) return this.#memory32(middle);
    const rm = r.pick([4, 5, 7, 6]), distance = r.below(256) - 128;
    return rm === 6 ? [(middle << 3) | 6, ...bytesOf(r.below(0xfff0), 2)]
      : [0x40 | (middle << 3) | rm, ...bytesOf(distance, 1)];
  }

  #immediate(
    form: Form, operand: Operand, wide: number, narrowAddress: boolean,
  ): number[] {
    const r = this.#r, { kind } = operand, size = sizeOf(operand.size, wide);
    if (kind === "O") {
      const at = somePlace(r) - this.#manner.base;
      return bytesOf(narrowAddress ? r.below(0xfff0) : at,
        narrowAddress ? 2 : 4);
    }
    if (kind === "A")
      return [...bytesOf(r.operand(), wide), ...bytesOf(r.below(256), 2)];
    if (kind === "J") return bytesOf(r.pick([0, 1, 2, 16, -16, 32]), size);
    if (kind !== "I") return [];
    if (form.semantic === "enter")
      return bytesOf(r.below(size === 1 ? 4 : 64), size);
    if (/^ret/.test(form.semantic)) return bytesOf(4 * r.below(8), size);
    if (form.semantic === "int")
      return [r.pick([0x81, 0x82, 0x84, 3, 4, 13, 0x40, r.below(256)])];
    return bytesOf(r.operand(), size);
  }
}

/** An instruction that computes, mostly one of the common ones. */
export function calm(r: Random, manner: Manner): number[] {
  const encoder = new Encoder(r, { ...manner, wild: false });
  for (;;) {
    const form = r.pick(r.chance(25) ? arithmetic
      : r.chance(50) ? common : calmForms);
    const bytes = encoder.encode(form);
    if (bytes) return bytes;
  }
}

/** Any instruction; or bytes that may be none. */
export function wild(r: Random, manner: Manner): number[] {
  if (r.chance(6))
    return Array.from({ length: 1 + r.below(12) }, () => r.below(256));
  const encoder = new Encoder(r, { ...manner, wild: true });
  return encoder.encode(r.pick(wildForms)) ?? [0x90];
}

/** As text for the assembler. */
export const asText = (bytes: readonly number[]) =>
  `  .byte ${bytes.map((byte) => byte).join(", ")}\n`;
