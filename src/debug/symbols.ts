// Woven from chapters/834-symbols.md, 835-backtrace.md.
// An ELF file that tells a debugger of names and lines.
import { abbreviations, append, cString, lineProgram, little, unitEntry }
  from "./dwarf";
import { frameSection } from "./frames";
import type { Stretch } from "./stretches";
import { waysHome } from "./unwind";

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

/** An ELF file with the names and the lines of stretches of code, all of
 * one world; files are looked for from `folder` on. */
export function symbolFile(
  stretches: readonly Stretch[], folder: string, world: World,
): Uint8Array {
  const code = stretches.map(({ name, address, bytes }): Section =>
    ({ name: `.text.${name}`, type: PROGBITS, flags: ALLOC_EXEC,
      address, bytes }));
  const line: number[] = [], info: number[] = [];
  for (const stretch of stretches) {
    append(info, unitEntry(stretch, folder, line.length));
    append(line, lineProgram(stretch));
  }
  const frame = frameSection(stretches, waysHome(stretches),
    world === "host" ? "guest" : "far");
  const debug = { abbrev: abbreviations, info, line, frame };
  const sections = [...code, ...Object.entries(debug).map(
    ([name, bytes]) => ({ name: `.debug_${name}`, type: PROGBITS, bytes }))];
  return elfFile([...sections, ...names(stretches, sections.length + 2)]);
}

const GLOBAL = 0x10;

/** .symtab and .strtab; `link` is the number of the latter. */
function names(stretches: readonly Stretch[], link: number): Section[] {
  const letters = [0], entries = new Array<number>(16).fill(0);
  stretches.forEach(({ labels }, i) => {
    for (const [name, address] of labels) {
      append(entries, [...little(letters.length, 4), ...little(address, 4),
        ...little(0, 4), GLOBAL, 0, ...little(i + 1, 2)]);
      append(letters, cString(name));
    }
  });
  return [{ name: ".symtab", type: SYMTAB, bytes: entries, link, info: 1,
    entrySize: 16 }, { name: ".strtab", type: STRTAB, bytes: letters }];
}

const HEADER = 52, SECTION_HEADER = 40;

function elfFile(sections: readonly Section[]): Uint8Array {
  const letters = [0];
  const last = { name: ".shstrtab", type: STRTAB, bytes: letters };
  const all: Section[] = [...sections, last];
  const nameAt = all.map(({ name }) =>
    append(letters, cString(name)) - name.length - 1);
  const headers = new Array<number>(SECTION_HEADER).fill(0);
  let offset = HEADER;
  all.forEach((section, i) => {
    const { type, flags = 0, address = 0, bytes } = section;
    const { link = 0, info = 0, entrySize = 0 } = section;
    headers.push(...[nameAt[i]!, type, flags, address, offset,
      bytes.length, link, info, 1, entrySize]
      .flatMap((word) => little(word, 4)));
    offset += bytes.length;
  });
  const file = new Uint8Array(offset + headers.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]); // 32 bits, little-endian
  file.set([
    ...little(2, 2), ...little(3, 2), // an executable, for the i386
    ...little(1, 4), ...little(0, 4), // no entry
    ...little(0, 4), ...little(offset, 4), ...little(0, 4),
    ...little(HEADER, 2), ...little(0, 4), // no segments
    ...[SECTION_HEADER, all.length + 1, all.length]
      .flatMap((half) => little(half, 2)),
  ], 16);
  file.set(headers, offset);
  for (const { bytes } of [...all].reverse())
    file.set(bytes, offset -= bytes.length);
  return file;
}
