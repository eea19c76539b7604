// Woven from chapters/780-assembler.md.
import type { Place } from "./error";

/** Where a label stands: an offset in a piece of the program. */
export interface LabelPosition {
  readonly piece: number;
  readonly offset: number;
}

/** A name and what is known of it. */
export interface AsmSymbol {
  readonly name: string;
  /** Where it was first spoken of. */
  readonly place: Place;
  /** Its position, if it is a label. */
  label?: LabelPosition;
  /** Its value, if it was set by `.equ` or `=`. */
  value?: Expression;
}

/** A number, or a way to get one when all labels have places. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "symbol"; readonly symbol: AsmSymbol }
  | { readonly kind: "unary"; readonly operator: string;
      readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string;
      readonly left: Expression; readonly right: Expression };

function bitwise(operator: string, left: number, right: number): number {
  const a = BigInt(left), b = BigInt(right);
  const unsigned = BigInt.asUintN(64, a);
  const result = operator === "&" ? a & b
    : operator === "|" ? a | b
    : operator === "^" ? a ^ b
    : operator === "<<" ? a << b : unsigned >> b;
  return Number(BigInt.asIntN(64, result));
}

function calculate(operator: string, left: number, right: number) {
  switch (operator) {
    case "+": return left + right;
    case "-": return left - right;
    case "*": return left * right;
    case "/": return Math.trunc(left / right);
    case "%": return left % right;
    case "==": return left === right ? -1 : 0;
    case "!=": return left !== right ? -1 : 0;
    case "<": return left < right ? -1 : 0;
    case ">": return left > right ? -1 : 0;
    case "<=": return left <= right ? -1 : 0;
    case ">=": return left >= right ? -1 : 0;
    default: return bitwise(operator, left, right);
  }
}

interface Linear {
  symbol?: AsmSymbol | undefined;
  constant: number;
}

/** `e` as a symbol and a constant, if it is of that shape. */
function linear(e: Expression): Linear | undefined {
  if (e.kind === "number") return { constant: e.value };
  if (e.kind === "symbol") return { symbol: e.symbol, constant: 0 };
  if (e.kind === "unary" || !"+-".includes(e.operator)) return undefined;
  const left = linear(e.left), right = linear(e.right);
  if (!left || !right) return undefined;
  if (e.operator === "-") return difference(left, right);
  if (left.symbol && right.symbol) return undefined;
  return { symbol: left.symbol ?? right.symbol,
    constant: left.constant + right.constant };
}

function difference(left: Linear, right: Linear): Linear | undefined {
  const constant = left.constant - right.constant;
  if (left.symbol === right.symbol) return { constant };
  if (!right.symbol) return { symbol: left.symbol, constant };
  const a = left.symbol?.label, b = right.symbol.label;
  if (!a || a.piece !== b?.piece) return undefined;
  return { constant: constant + a.offset - b.offset };
}

/** The expression that is the number `value`. */
export function number(value: number): Expression {
  return { kind: "number", value };
}

/** A mention of a symbol. */
export function mention(symbol: AsmSymbol): Expression {
  return symbol.value ?? { kind: "symbol", symbol };
}

/** `-`, `~` or `!` of an expression. */
export function unary(operator: string, operand: Expression): Expression {
  if (operand.kind !== "number") return { kind: "unary", operator, operand };
  return number(applyUnary(operator, operand.value));
}

function applyUnary(operator: string, value: number): number {
  return operator === "-" ? -value
    : operator === "~" ? -1 - value : Number(value === 0);
}

/** Two expressions joined by an operator. */
export function binary(
  operator: string, left: Expression, right: Expression,
): Expression {
  if (left.kind === "number" && right.kind === "number")
    return number(calculate(operator, left.value, right.value));
  const e: Expression = { kind: "binary", operator, left, right };
  const known = linear(e);
  return known && !known.symbol ? number(known.constant) : e;
}

/** The value of an expression, given each symbol's. */
export function evaluate(
  e: Expression, valueOf: (symbol: AsmSymbol) => number,
): number {
  switch (e.kind) {
    case "number": return e.value;
    case "symbol": return valueOf(e.symbol);
    case "unary": return applyUnary(e.operator, evaluate(e.operand, valueOf));
    case "binary": return calculate(e.operator,
      evaluate(e.left, valueOf), evaluate(e.right, valueOf));
  }
}

/** How often the program's origin is contained in an expression: 1 for an
 * address, 0 for a plain number. */
export function addressWeight(e: Expression): number {
  if (e.kind === "symbol")
    return e.symbol.value ? addressWeight(e.symbol.value) : 1;
  if (e.kind !== "binary") return 0;
  if (e.operator === "+") return addressWeight(e.left) + addressWeight(e.right);
  if (e.operator === "-") return addressWeight(e.left) - addressWeight(e.right);
  return 0;
}

/** The position of the first label in an expression. */
export function labelIn(e: Expression): LabelPosition | undefined {
  switch (e.kind) {
    case "number": return undefined;
    case "symbol":
      return e.symbol.label ?? (e.symbol.value && labelIn(e.symbol.value));
    case "unary": return labelIn(e.operand);
    case "binary": return labelIn(e.left) ?? labelIn(e.right);
  }
}
