// Woven from chapters/834-symbols.md.
// An ELF file that tells a debugger of names and lines.
import { abbreviations, cString, lineProgram, little, unitEntry } from
  "./dwarf";
import { frameSection } from "./frames";
import type { Stretch } from "./stretches";
import { Walk } from "./unwind";

/** Whose kernel a debugger is told of. */
export type World = "host" | "guest";

interface Section {
  readonly name: string;
  readonly type: number;
  readonly bytes: ArrayLike<number>;
  readonly flags?: number;
  readonly address?: number;
  /** Another section's number, and a number for it. */
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
}

const PROGBITS = 1, SYMTAB = 2, STRTAB = 3, ALLOC_EXEC = 6;

/** An ELF file with the names and the lines of stretches of code of one
 * world; files are looked for from `folder` on. */
export function symbolFile(
  stretches: readonly Stretch[], folder: string, world: World,
): Uint8Array {
  const code = stretches.map(({ name, address, bytes }): Section =>
    ({ name: `.text.${name}`, type: PROGBITS, flags: ALLOC_EXEC,
      address, bytes }));
  const lines: number[] = [], info: number[] = [];
  for (const stretch of stretches) {
    info.push(...unitEntry(stretch, folder, lines.length));
    lines.push(...lineProgram(stretch));
  }
  const frame = frameSection(stretches, new Walk(stretches).frames,
    world === "host" ? "guest" : "far");
  const debug = { info, line: lines, abbrev: abbreviations, frame };
  return elfFile([...code,
    ...Object.entries(debug).map(([name, bytes]): Section =>
      ({ name: `.debug_${name}`, type: PROGBITS, bytes })),
    ...symbolSections(stretches, code.length + 6)]);
}

function symbolSections(
  stretches: readonly Stretch[], link: number,
): Section[] {
  const letters = [0], entries = new Array<number>(16).fill(0);
  stretches.forEach(({ labels }, i) => {
    for (const [name, address] of labels) {
      entries.push(...little(letters.length, 4), ...little(address, 4),
        0, 0, 0, 0, GLOBAL, 0, ...little(i + 1, 2));
      letters.push(...cString(name));
    }
  });
  return [{ name: ".symtab", type: SYMTAB, bytes: entries, link, info: 1,
    entrySize: 16 }, { name: ".strtab", type: STRTAB, bytes: letters }];
}

const GLOBAL = 0x10;

const HEADER = 52, SECTION_HEADER = 40;

function elfFile(sections: readonly Section[]): Uint8Array {
  const names = [0];
  const all = [...sections, { name: ".shstrtab", type: STRTAB, bytes: names }];
  const nameAt = all.map(({ name }) => {
    names.push(...cString(name));
    return names.length - name.length - 1;
  });
  const headers = new Array<number>(SECTION_HEADER).fill(0);
  let offset = HEADER;
  all.forEach((section: Section, i) => {
    const { type, bytes, flags = 0, address = 0 } = section;
    const { link = 0, info = 0, entrySize = 0 } = section;
    const words = [nameAt[i]!, type, flags, address, offset, bytes.length,
      link, info, 1, entrySize];
    headers.push(...words.flatMap((word) => little(word, 4)));
    offset += bytes.length;
  });
  const file = new Uint8Array(offset + headers.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]); // 32 bits, little-endian
  file.set([[2, 2], [3, 2], [1, 4], [0, 4], [0, 4], [offset, 4], [0, 4],
    [HEADER, 2], [0, 2], [0, 2], [SECTION_HEADER, 2], [all.length + 1, 2],
    [all.length, 2]].flatMap(([value, size]) => little(value!, size!)), 16);
  let at = HEADER;
  for (const { bytes } of all) {
    file.set(bytes, at);
    at += bytes.length;
  }
  file.set(headers, at);
  return file;
}
