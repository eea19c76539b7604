// Woven from chapters/780-assembler.md.
import type { Expression } from "./expression";
import { number } from "./expression";
import type { Names } from "./parse-expression";
import { parseExpression } from "./parse-expression";
import type { RegisterName } from "./registers";
import { registerNames } from "./registers";
import type { Scanner } from "./scanner";

/** A memory operand as it was written. */
export interface MemoryOperand {
  readonly kind: "memory";
  readonly position: number;
  /** "*" stood in front. */
  readonly star: boolean;
  /** The segment named, or -1. */
  readonly segment: number;
  readonly displacement: Expression;
  /** Register numbers, or -1. */
  readonly base: number;
  readonly index: number;
  /** How far the index is shifted, 0 to 3. */
  readonly scale: number;
  /** Bytes of an address: 2 if the registers are 16 bits wide. */
  readonly addressSize: 2 | 4;
}

/** An operand as it was written. */
export type AsmOperand = MemoryOperand
  | { readonly kind: "immediate"; readonly position: number;
      readonly value: Expression }
  | { readonly kind: "register"; readonly position: number;
      readonly star: boolean; readonly register: RegisterName };

const registerPattern = /\w+/y, portPattern = /\(\s*%dx\s*\)/iy;

/** Reads "%eax", if a register stands here. */
function takeRegister(scanner: Scanner): RegisterName | undefined {
  const start = scanner.position;
  if (!scanner.takeSign("%")) return undefined;
  const name = scanner.take(registerPattern) ?? "";
  return registerNames.get(name.toLowerCase())
    ?? scanner.fail(`there is no register %${name}`, start);
}

interface Brackets {
  base: RegisterName | undefined;
  index: RegisterName | undefined;
  scale: number;
}

function takeBrackets(scanner: Scanner, names: Names): Brackets {
  const brackets: Brackets = {
    base: takeRegister(scanner), index: undefined, scale: 0,
  };
  if (scanner.takeSign(",")) {
    brackets.index = takeRegister(scanner);
    if (!brackets.index || scanner.takeSign(","))
      brackets.scale = takeScale(scanner, names);
  }
  scanner.expect(")");
  return brackets;
}

function takeScale(scanner: Scanner, names: Names): number {
  const start = scanner.position;
  const e = parseExpression(scanner, names);
  const scale = e.kind === "number" ? [1, 2, 4, 8].indexOf(e.value) : -1;
  if (scale < 0) scanner.fail("a scale is 1, 2, 4 or 8", start);
  return scale;
}

function checkBrackets(scanner: Scanner, b: Brackets, start: number): void {
  const classes = [b.base, b.index].flatMap(r => r ? [r.class] : []);
  const allowed = classes.every(kind =>
    (kind === "d" || kind === "w") && kind === classes[0]);
  if (!allowed || (b.index?.class === "d" && b.index.number === 4))
    scanner.fail("no address is made of these registers", start);
}

const addressOpens = /\(\s*[%,]/y;

/** -1 for 0xffffffff, if 16 bits are enough for it. */
function wrapped(e: Expression): Expression {
  const near = e.kind === "number" && e.value >= 0xffff8000
    && e.value <= 0xffffffff;
  return near ? number(e.value - 2 ** 32) : e;
}

function parseMemory(
  scanner: Scanner, names: Names, star: boolean, segment: number,
  code: 2 | 4,
): MemoryOperand {
  scanner.skipBlanks();
  const position = scanner.position;
  const atBrackets = () => {
    const found = scanner.take(addressOpens);
    if (found) scanner.position -= found.length - 1;
    return found !== undefined;
  };
  let brackets = atBrackets();
  const displacement =
    brackets ? number(0) : parseExpression(scanner, names);
  brackets ||= atBrackets();
  const b = brackets ? takeBrackets(scanner, names)
    : { base: undefined, index: undefined, scale: 0 };
  checkBrackets(scanner, b, position);
  const kind = (b.base ?? b.index)?.class;
  const addressSize = kind ? (kind === "w" ? 2 : 4) : code;
  return {
    kind: "memory", position, star, segment, addressSize,
    displacement: addressSize === 2 ? wrapped(displacement) : displacement,
    base: b.base?.number ?? -1, index: b.index?.number ?? -1,
    scale: b.scale,
  };
}

/** Reads one operand; an address without registers has `code` bytes. */
export function parseOperand(
  scanner: Scanner, names: Names, code: 2 | 4 = 4,
): AsmOperand {
  scanner.skipBlanks();
  const position = scanner.position;
  if (scanner.takeSign("$"))
    return { kind: "immediate", position,
      value: parseExpression(scanner, names) };
  const star = scanner.takeSign("*");
  if (scanner.take(portPattern))
    return { kind: "register", position, star,
      register: { class: "w", number: 2 } };
  const register = takeRegister(scanner);
  if (!register) return parseMemory(scanner, names, star, -1, code);
  if (register.class === "segment" && scanner.takeSign(":"))
    return parseMemory(scanner, names, star, register.number, code);
  return { kind: "register", position, star, register };
}
