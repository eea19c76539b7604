// Woven from chapters/786-labels.md.
import { putValue } from "./encode";
import type { Encoded } from "./encode";
import type { Expression } from "./expression";
import { number } from "./expression";
import { parseExpression } from "./parse-expression";
import type { Program } from "./program";
import type { Scanner } from "./scanner";

type Directive = (program: Program, scanner: Scanner) => void;

function args(
  program: Program, scanner: Scanner, most: number,
): (Expression | undefined)[] {
  const list: (Expression | undefined)[] = [];
  while (!scanner.atEnd) {
    if (list.length) scanner.expect(",");
    if (list.length === most)
      scanner.fail(`at most ${most} arguments belong here`);
    const empty = /^[ \t]*,/.test(scanner.rest) || scanner.atEnd;
    list.push(empty ? undefined : parseExpression(scanner, program));
  }
  return list;
}

/** The value of an argument that has to be known now. */
function known(
  scanner: Scanner, e: Expression | undefined, otherwise: number,
): number {
  if (!e) return otherwise;
  return e.kind === "number" ? e.value
    : scanner.fail("this has to be a number that is known by now");
}

function numbers(size: number): Directive {
  return (program, scanner) => {
    let first = true;
    while (!scanner.atEnd) {
      if (!first) scanner.expect(",");
      first = false;
      scanner.skipBlanks();
      const { position } = scanner;
      const to: Encoded = { bytes: [], holes: [] };
      putValue(to, parseExpression(scanner, program), size, position);
      program.append(to, scanner);
    }
  };
}

/** A 64-bit argument: a number as it stands, or 53 bits of sum. */
function quadValue(program: Program, scanner: Scanner): bigint {
  scanner.skipBlanks();
  const { position } = scanner;
  const plain = scanner.take(
    /-?(?:0[xX][\da-fA-F]+|[1-9]\d*)(?=[ \t]*(?:,|$))/y);
  if (plain !== undefined) {
    const sign = plain.startsWith("-") ? -1n : 1n;
    return sign * BigInt(plain.replace("-", ""));
  }
  const value = known(scanner, parseExpression(scanner, program), 0);
  if (!Number.isSafeInteger(value))
    scanner.fail("this has more than 53 bits; write the number itself",
      position);
  return BigInt(value);
}

const quad: Directive = (program, scanner) => {
  let first = true;
  while (first || !scanner.atEnd) {
    if (!first) scanner.expect(",");
    first = false;
    const value = quadValue(program, scanner);
    for (let i = 0n; i < 8n; i++)
      program.piece.bytes.push(Number((value >> (8n * i)) & 0xffn));
  }
};

const escapes: Record<string, number> = {
  b: 8, t: 9, n: 10, f: 12, r: 13,
};

function unescape(inner: string): number[] {
  const bytes: number[] = [];
  const pattern = /\\([0-7]{1,3}|x[\da-fA-F]+|[^])|[^\\]+/g;
  for (const [whole, escape] of inner.matchAll(pattern))
    if (escape === undefined) bytes.push(...new TextEncoder().encode(whole));
    else if (/^[0-7]/.test(escape)) bytes.push(parseInt(escape, 8) & 0xff);
    else if (/^x./.test(escape))
      bytes.push(parseInt(escape.slice(1), 16) & 0xff);
    else bytes.push(escapes[escape] ?? escape.charCodeAt(0));
  return bytes;
}

function strings(end: readonly number[]): Directive {
  return (program, scanner) => {
    do {
      const quoted = scanner.take(/"(?:[^"\\]|\\[^])*"/y)
        ?? scanner.fail('expected a string in "quotes" here');
      program.piece.bytes.append(unescape(quoted.slice(1, -1)));
      program.piece.bytes.append(end);
    } while (scanner.takeSign(","));
  };
}

function gap(
  program: Program, scanner: Scanner,
  count: Expression, unit: readonly number[],
): void {
  if (count.kind !== "number")
    return program.end(
      { kind: "fill", count, unit, place: scanner.place(0) });
  if (count.value > 0x1000000)
    scanner.fail("a gap of more than 16 MiB is surely a mistake");
  program.piece.bytes.append(unit, Math.max(count.value, 0));
}

function littleEndian(value: number, size: number): number[] {
  const to: Encoded = { bytes: [], holes: [] };
  putValue(to, number(value), size, 0);
  return to.bytes;
}

const space: Directive = (program, scanner) => {
  const [count, fill] = args(program, scanner, 2);
  if (!count) return scanner.fail("expected the number of bytes here");
  gap(program, scanner, count, [known(scanner, fill, 0) & 0xff]);
};

const fill: Directive = (program, scanner) => {
  const [count, size, value] = args(program, scanner, 3);
  if (!count) return scanner.fail("expected how often to repeat here");
  const bytes = Math.min(known(scanner, size, 1), 8);
  const low = littleEndian(known(scanner, value, 0), Math.min(bytes, 4));
  while (low.length < bytes) low.push(0);
  gap(program, scanner, count, low);
};

const org: Directive = (program, scanner) => {
  scanner.skipBlanks();
  const place = scanner.place();
  const [target, byte] = args(program, scanner, 2);
  if (!target) return scanner.fail("expected an offset or an address here");
  program.end({ kind: "org", target, place,
    fill: known(scanner, byte, 0) & 0xff });
};

function alignment(power: boolean): Directive {
  return (program, scanner) => {
    scanner.skipBlanks();
    const place = scanner.place();
    const [amount, fill, most] = args(program, scanner, 3);
    const n = known(scanner, amount, 0);
    const to = power ? 2 ** n : Math.max(n, 1);
    if ((to & (to - 1)) !== 0 || to < 1 || to > 2 ** 24)
      scanner.fail("an alignment is a power of two, at most 16 MiB");
    if (to === 1) return;
    const zero = program.inText ? undefined : 0;
    const byte = known(scanner, fill, 0) & 0xff;
    program.end({
      kind: "align", to, place,
      fill: !fill || (program.inText && byte === 0x90) ? zero : byte,
      code: program.code,
      most: known(scanner, most, 0) || to,
    });
  };
}

/** Gives a symbol the value of the expression that follows. */
export function assign(
  program: Program, scanner: Scanner, name: string, once = false,
): void {
  if (name === ".")
    return org(program, scanner);
  const value = parseExpression(scanner, program);
  const symbol = program.symbol(name, scanner);
  if (symbol.label || (once && symbol.value))
    scanner.fail(`${name} is already defined`, 0);
  symbol.value = value;
}

function equate(once: boolean): Directive {
  return (program, scanner) => {
    const name = scanner.take(/[A-Za-z_.$][\w.$]*/y)
      ?? scanner.fail("expected a name here");
    scanner.expect(",");
    assign(program, scanner, name, once);
  };
}

function ignore(_program: Program, scanner: Scanner): void {
  scanner.position = scanner.statement.text.length;
}

function section(inText: boolean): Directive {
  return program => {
    program.inText = inText;
  };
}

const namedSection: Directive = (program, scanner) => {
  const name = scanner.take(/[\w.$]+/y) ?? "";
  if (name.startsWith(".bss"))
    scanner.fail("there is one section and it has bytes; "
      + "write .data and .space instead of .bss");
  program.inText = /text|init|exec/.test(name);
  ignore(program, scanner);
};

function codeOf(code: 2 | 4): Directive {
  return program => {
    program.code = code;
  };
}

/** What each directive does. */
export const directives: ReadonlyMap<string, Directive> = new Map([
  [".byte", numbers(1)], [".2byte", numbers(2)], [".4byte", numbers(4)],
  [".word", numbers(2)], [".short", numbers(2)], [".hword", numbers(2)],
  [".long", numbers(4)], [".int", numbers(4)],
  [".quad", quad], [".8byte", quad],
  [".ascii", strings([])], [".asciz", strings([0])],
  [".string", strings([0])],
  [".space", space], [".skip", space], [".zero", space],
  [".fill", fill], [".org", org],
  [".balign", alignment(false)], [".align", alignment(false)],
  [".p2align", alignment(true)],
  [".equ", equate(false)], [".set", equate(false)],
  [".equiv", equate(true)],
  [".text", section(true)], [".data", section(false)],
  [".section", namedSection],
  [".globl", ignore], [".global", ignore], [".local", ignore],
  [".type", ignore], [".size", ignore], [".file", ignore],
  [".ident", ignore], [".code32", codeOf(4)], [".code16", codeOf(2)],
]);
