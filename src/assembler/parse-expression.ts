// Woven from chapters/780-assembler.md.
import type { AsmSymbol, Expression } from "./expression";
import { binary, mention, number, unary } from "./expression";
import type { Scanner } from "./scanner";

/** Whoever knows the names. */
export interface Names {
  /** The symbol of that name, made if need be. */
  symbol(name: string, scanner: Scanner): AsmSymbol;
  /** A label at the current place: "." */
  here(scanner: Scanner): AsmSymbol;
  /** The local label "1b" or "1f". */
  local(name: string, scanner: Scanner): AsmSymbol;
}

const levels = ["== != <> <= >= < >", "+ -", "| & ^", "<< >> * / %"]
  .map((operators) => operators.split(" "));
const anyOperator = /<<|>>|[=!<>]=|<>|[-+|&^*/%<>]/y;

/** Reads an expression of operators of this level, or tighter ones. */
export function parseExpression(
  scanner: Scanner, names: Names, least = 0,
): Expression {
  let left = parsePrimary(scanner, names);
  for (;;) {
    const start = scanner.position;
    const operator = scanner.take(anyOperator);
    if (operator === undefined) return left;
    const level = levels.findIndex((some) => some.includes(operator));
    if (level < least) {
      scanner.position = start;
      return left;
    }
    const right = parseExpression(scanner, names, level + 1);
    if (/[/%]/.test(operator) && isZero(right))
      scanner.fail("this divides by zero", start);
    left = binary(operator === "<>" ? "!=" : operator, left, right);
  }
}

function isZero(e: Expression): boolean {
  return e.kind === "number" && e.value === 0;
}

const escapes: Record<string, number> = {
  b: 8, t: 9, n: 10, f: 12, r: 13, "\\": 92, "'": 39, '"': 34,
};

const primary = /[-~!+(]|\d\w*|[A-Za-z_.$][\w.$]*|'\\?[^]'?/y;

function parsePrimary(scanner: Scanner, names: Names): Expression {
  const token = scanner.take(primary)
    ?? scanner.fail("expected a number, a name or a bracket here");
  if (/^\d+[bf]$/.test(token)) return mention(names.local(token, scanner));
  if (/^\d/.test(token)) return number(parseNumber(token, scanner));
  switch (token[0]) {
    case "+": return parsePrimary(scanner, names);
    case "-": case "~": case "!":
      return unary(token, parsePrimary(scanner, names));
    case "(": {
      const inner = parseExpression(scanner, names);
      scanner.expect(")");
      return inner;
    }
    case "'": return number(characterCode(token));
    default: return mention(token === "." ? names.here(scanner)
      : names.symbol(token, scanner));
  }
}

function characterCode(quoted: string): number {
  const escaped = quoted[1] === "\\" && quoted.length > 2;
  return escaped ? escapes[quoted[2]!] ?? quoted.charCodeAt(2)
    : quoted.charCodeAt(1);
}
function parseNumber(digits: string, scanner: Scanner): number {
  const octal = /^0[0-7]+$/.test(digits);
  const known = /^(\d+|0[xX][\da-fA-F]+|0[bB][01]+)$/.test(digits);
  const value = octal ? parseInt(digits, 8) : Number(digits);
  if (!known || (digits.length > 1 && /^0[89]/.test(digits)))
    scanner.fail(`${digits} is not a number`,
      scanner.position - digits.length);
  return value;
}
