// Woven from chapters/400-kernel.md.
// Structures in the machine's memory: fields with names and offsets.

/** Memory as a CPU or an inspector sees it. */
export interface Memory {
  load8(address: number): number;
  load16(address: number): number;
  load32(address: number): number;
  store8(address: number, value: number): void;
  store16(address: number, value: number): void;
  store32(address: number, value: number): void;
}

/** One field: where, how wide, how many. */
export interface Field {
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly count: number;
  /** Who may touch it. */
  readonly guard: string;
}

/** A structure: its fields in the order of their offsets. */
export interface Structure<F = Record<string, Spelling>> {
  readonly name: string;
  readonly bytes: number;
  readonly field: { readonly [K in keyof F]: Field };
}

type Kind = "u8" | "u16" | "u32" | "u64";
type Spelling = `${Kind}${"" | `[${number}]`}${"" | ` ${string}`}`;

/** Lays out the fields one behind the other, without padding. */
export function structure<F extends Record<string, Spelling>>(
  name: string, fields: F, from = 0,
): Structure<F> {
  let bytes = from, guard = "";
  const field = {} as { [K in keyof F]: Field };
  for (const key of Object.keys(fields) as (keyof F)[]) {
    const [, bits, many, who] =
      /^u(\d+)(?:\[(\d+)\])?(?: (.+))?$/.exec(fields[key]!)!;
    const size = (Number(bits) / 8) as 1 | 2 | 4 | 8;
    const count = many === undefined ? 1 : Number(many);
    guard = who ?? guard;
    field[key] = { offset: bytes, size, count, guard };
    bytes += size * count;
  }
  return { name, bytes, field };
}

/** Reads a field of the structure at an address, unsigned. */
export function get(
  memory: Memory, address: number, field: Field, index = 0,
): number {
  const at = (address + field.offset + index * field.size) >>> 0;
  switch (field.size) {
    case 1: return memory.load8(at) & 0xff;
    case 2: return memory.load16(at) & 0xffff;
    case 4: return memory.load32(at) >>> 0;
    case 8: return (memory.load32((at + 4) >>> 0) >>> 0) * 2 ** 32 +
      (memory.load32(at) >>> 0);
  }
}

/** Writes a field of the structure at an address. */
export function put(
  memory: Memory, address: number, field: Field, value: number, index = 0,
): void {
  const at = (address + field.offset + index * field.size) >>> 0;
  switch (field.size) {
    case 1: memory.store8(at, value & 0xff); break;
    case 2: memory.store16(at, value & 0xffff); break;
    case 4: memory.store32(at, value | 0); break;
    case 8:
      memory.store32(at, value | 0);
      memory.store32((at + 4) >>> 0, Math.floor(value / 2 ** 32));
  }
}

/** Fields of one kind in a row. */
export class Row {
  constructor(
    private readonly through: Memory, private readonly at: number,
    private readonly field: Field,
  ) {}

  /** Reads the field with this index, unsigned. */
  get(index: number): number {
    return get(this.through, this.at, this.field, index);
  }

  /** Writes the field with this index. */
  put(index: number, value: number): void {
    put(this.through, this.at, this.field, value, index);
  }
}

/** A structure at an address, its fields as members. */
export type View<F> = {
  [K in keyof F]: F[K] extends `${string}]${string}` ? Row : number;
}
  & { readonly through: Memory; readonly at: number };

/** The class of a structure's views. */
export function viewClass<F extends Record<string, Spelling>>(
  layout: Structure<F>,
): new (through: Memory, at: number) => View<F> {
  class Words {
    constructor(readonly through: Memory, readonly at: number) {}
  }
  for (const [name, field] of Object.entries<Field>(layout.field))
    Object.defineProperty(Words.prototype, name, field.count > 1 ? {
      get(this: Words) { return new Row(this.through, this.at, field); },
    } : {
      get(this: Words) { return get(this.through, this.at, field); },
      set(this: Words, value: number) {
        put(this.through, this.at, field, value);
      },
    });
  return Words as unknown as new (through: Memory, at: number) => View<F>;
}

/** Writes a text into a field of bytes, cut off to fit, and a NUL. */
export function putText(
  memory: Memory, address: number, field: Field, text: string,
): void {
  const length = Math.min(text.length, field.count - 1);
  for (let i = 0; i < length; i++)
    put(memory, address, field, text.charCodeAt(i), i);
  put(memory, address, field, 0, length);
}

/** Reads a text up to its NUL, or up to `limit` bytes. */
export function textAt(
  memory: Memory, address: number, limit = 4096,
): string {
  let text = "";
  for (let i = 0; i < limit; i++) {
    const byte = memory.load8((address + i) >>> 0) & 0xff;
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The picture: a line for each field. */
export function drawLayout(layout: Structure): string {
  const rows = Object.entries(layout.field).map(([name, f]) =>
    `${String(f.offset).padStart(5)}  ${`u${f.size * 8}`.padEnd(3)}` +
    `${f.count > 1 ? `×${f.count}` : ""}`.padEnd(7) + name);
  return [`${layout.name}, ${layout.bytes} bytes`, ...rows].join("\n");
}

/** The fields' offsets as .equ lines: `thread_esp` and so on. */
export function layoutEquates(layout: Structure): string {
  return Object.entries(layout.field)
    .map(([name, f]) => `.equ ${layout.name}_${name}, ${f.offset}\n`)
    .join("");
}
