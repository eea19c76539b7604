// Woven from chapters/843-tables.md.
// Bytes and instructions at an address, as a CPU sees them.
import { disassemble } from "../assembler";
import {
  BASE, CS, EIP, hex32, peek, SEG_BIG, ATTRIBUTES, SEGMENTS,
} from "../machine";
import type { Cpu } from "../machine";
import { Sheet } from "./picture";
import type { Picture } from "./picture";
import { quietBytes } from "./quiet";

/** Bytes from an address on, eight in a row. */
export function drawMemory(cpu: Cpu, address: number, rows = 12): Picture {
  const sheet = new Sheet(), start = (address & -8) >>> 0;
  for (let y = 0; y < rows; y++) {
    const at = (start + 8 * y) >>> 0, bytes = quietBytes(cpu, at, 8);
    sheet.text(0, y, hex32(at), "quiet", { cpu: cpu.id, address: at });
    if (bytes === undefined) {
      sheet.text(10, y, "not mapped", "quiet");
      continue;
    }
    const digits = bytes.map((byte) => hex32(byte).slice(6)).join(" ");
    const signs = bytes.map((byte) =>
      byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".").join("");
    sheet.text(10, y, digits).text(35, y, signs, "quiet");
  }
  return sheet.picture();
}


/** The label that an address is behind, and where that is. */
export type Labels =
  (address: number) => readonly [name: string, at: number] | undefined;

interface Line { readonly at: number; readonly text: string }

/** So many instructions from an offset in CS on, or fewer. */
function instructions(cpu: Cpu, from: number, count: number): Line[] {
  const base = cpu.w[SEGMENTS + 4 * CS + BASE]!, lines: Line[] = [];
  const unseen = new Error("not mapped");
  for (let at = from; lines.length < count;) {
    try {
      const found = disassemble((i: number) => {
        const byte = peek(cpu, (base + at + i) | 0);
        if (byte === undefined) throw unseen;
        return byte;
      }, at >>> 0);
      lines.push({ at: at >>> 0, text: found.text });
      at += found.length;
    } catch (error) {
      if (error !== unseen) throw error;
      lines.push({ at: at >>> 0, text: "(not mapped)" });
      break;
    }
  }
  return lines;
}

/** The instructions around EIP: two before it, if a label is near. */
export function drawCode(cpu: Cpu, labels: Labels = () => undefined,
  count = 10): Picture {
  const eip = cpu.w[EIP]! >>> 0, label = labels(eip), sheet = new Sheet();
  const near = label && eip - label[1] < 256 ? label[1] : eip;
  const before = instructions(cpu, near, 256).filter(({ at }) => at < eip);
  const lines = [...before.slice(-2), ...instructions(cpu, eip, count)];
  const where = label
    ? `${label[0]}+0x${(eip - label[1]).toString(16)}` : "no name is near";
  const bits = cpu.w[SEGMENTS + 4 * CS + ATTRIBUTES]! & SEG_BIG ? "" : "16 bits";
  sheet.text(0, 0, where, "quiet").text(44, 0, bits, "quiet");
  lines.forEach(({ at, text }, i) => {
    const now = at === eip, goal = { cpu: cpu.id, address: at };
    if (now) sheet.text(0, 1 + i, ">", "wrong");
    sheet.text(2, 1 + i, hex32(at), "quiet", goal)
      .text(12, 1 + i, text.replace(/\s+/g, " "), now ? "ink" : "quiet");
  });
  return sheet.picture();
}
