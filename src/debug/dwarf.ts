// Woven from chapters/834-symbols.md.
// DWARF 2, as much of it as assembly needs.
import type { Stretch } from "./stretches";

/** A number's bytes, the lowest first. */
export function little(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => (value >> (8 * i)) & 0xff);
}

/** Puts bytes at the end of others; returns how many there are now. */
export function append(to: number[], bytes: readonly number[]): number {
  for (const byte of bytes) to.push(byte);
  return to.length;
}

/** A text's bytes, and a zero. */
export function cString(text: string): number[] {
  return [...new TextEncoder().encode(text.split("\0")[0]), 0];
}

/** An unsigned number in groups of seven bits. */
export function uleb(value: number): number[] {
  return value < 0x80 ? [value]
    : [(value & 0x7f) | 0x80, ...uleb(value >>> 7)];
}

/** A signed one. */
export function sleb(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f]
    : [(value & 0x7f) | 0x80, ...sleb(value >> 7)];
}

const isFile = (name: string) => /[./]/.test(name);

/** The files of a stretch's lines, each once. */
function filesOf({ lines }: Stretch): string[] {
  return [...new Set(lines.map(({ file }) => file).filter(isFile))];
}

/** What is in .debug_line for a stretch. */
export function lineProgram(stretch: Stretch): number[] {
  const files = filesOf(stretch);
  const head = [1, 1, 0, 1, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0,
    ...files.flatMap((file) => [...cString(file), 0, 0, 0]), 0];
  const body = [...little(2, 2), ...little(head.length, 4), ...head,
    ...rowsOf(stretch, files)];
  return [...little(body.length, 4), ...body];
}

const COPY = 1, ADVANCE_PC = 2, ADVANCE_LINE = 3, SET_FILE = 4;
const SET_ADDRESS = [0, 5, 2], END_SEQUENCE = [0, 1, 1];

function rowsOf(
  { lines, address, bytes }: Stretch, files: readonly string[],
): number[] {
  const rows = lines.filter((row, i) => row.address !== lines[i + 1]?.address);
  const program: number[] = [];
  let pc: number | undefined, line = 1;
  const advance = (to: number) => {
    if (pc === undefined) {
      program.push(...SET_ADDRESS, ...little(to, 4));
      line = 1;
    } else program.push(ADVANCE_PC, ...uleb(to - pc));
    pc = to;
  };
  const end = (at: number) => {
    if (pc === undefined) return;
    advance(at);
    program.push(...END_SEQUENCE);
    pc = undefined;
  };
  for (const row of rows) {
    if (!isFile(row.file)) {
      end(row.address);
      continue;
    }
    advance(row.address);
    program.push(SET_FILE, ...uleb(files.indexOf(row.file) + 1),
      ADVANCE_LINE, ...sleb(row.line - line), COPY);
    line = row.line;
  }
  end(address + bytes.length);
  return program;
}

const ADDRESS = 1, DATA2 = 5, DATA4 = 6, STRING = 8;
const PLACE = [0x03, STRING,   // name
  0x11, ADDRESS, 0x12, ADDRESS]; // the lowest, and behind the highest
const ASSEMBLY = 0x8001;

/** .debug_abbrev: the attributes of both entries and how each is written. */
export const abbreviations = [
  1, 0x11, 1, ...PLACE, 0x10, DATA4, // a stretch: where its lines are,
  0x1b, STRING, 0x13, DATA2, 0, 0,   // folder, language
  2, 0x2e, 0, ...PLACE, 0, 0, 0];    // a function

const placeOf = (name: string, first: number, end: number) =>
  [...cString(name), ...little(first, 4), ...little(end, 4)];

/** What is in .debug_info for a stretch whose lines begin at an offset. */
export function unitEntry(
  stretch: Stretch, folder: string, lines: number,
): number[] {
  const { name, address, bytes, labels } = stretch;
  const end = address + bytes.length;
  const functions = [...labels].sort(([, a], [, b]) => a - b);
  const body = [...little(2, 2), ...little(0, 4), 4,
    1, ...placeOf(filesOf(stretch)[0] ?? name, address, end),
    ...little(lines, 4), ...cString(folder), ...little(ASSEMBLY, 2),
    ...functions.flatMap(([label, at], i) =>
      [2, ...placeOf(label, at, functions[i + 1]?.[1] ?? end)]), 0];
  return [...little(body.length, 4), ...body];
}
