// Woven from chapters/796-disassembler.md.
import { hex } from "./show-operand";
import type { ShownInsn } from "./show-prefixes";

/** Names for addresses, as `Assembled.labels` has them. */
export type SymbolTable = ReadonlyMap<string, number>;

type Sorted = readonly (readonly [string, number])[];

const sortedTables = new WeakMap<SymbolTable, Sorted>();

function sorted(symbols: SymbolTable): Sorted {
  let table = sortedTables.get(symbols);
  if (!table) {
    table = [...symbols].sort((a, b) => a[1] - b[1]);
    sortedTables.set(symbols, table);
  }
  return table;
}

/** "name" or "name+0x12" for an address, or undefined if no symbol is at
 * it, or less than so many bytes before it. */
export function nameAddress(
  address: number, symbols: SymbolTable, far = 4096,
): string | undefined {
  const table = sorted(symbols);
  let low = 0, high = table.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table[middle]![1] <= address) low = middle + 1;
    else high = middle;
  }
  const found = table[low - 1], rest = address - (found?.[1] ?? -Infinity);
  if (!found || rest >= far) return undefined;
  return rest ? `${found[0]}+${hex(rest)}` : found[0];
}

/** Where a relative jump at `address` goes, as text. */
export function targetText(
  insn: ShownInsn, address: number, symbols: SymbolTable | undefined,
): string {
  const { length, immediate, form, operandSize, code } = insn;
  const short = operandSize === 2 && form.operands[0]?.code === "Jz";
  // 16-bit code stays in its 64 KiB.
  const here = code === 2 && operandSize === 2 ? address & ~0xffff : 0;
  const sum = address + length + immediate;
  const target = short ? here | (sum & 0xffff) : sum | 0;
  const name = symbols && nameAddress(target >>> 0, symbols);
  return name ? `${(target >>> 0).toString(16)} <${name}>` : hex(target);
}
