// Woven from chapters/778-records.md.
import { decode, InstructionTooLong } from "../../../table";
import type { Insn } from "../../../table";
import type { Board } from "../../ground/board";
import { PAGE } from "../../ground/layout";
import { CS, FS, ZERO } from "../../ground/state";
import { type CodeCache, LONGEST } from "../codecache";
import { isBulky } from "./bulk";
import { keyOf } from "./forms";
import { registerAt } from "./generator";
import {
  HANDLER_COLD, HANDLER_DECODE, HANDLER_FAR, HANDLER_FIRST,
  HANDLER_PATCHED, HANDLER_REPEAT, R_AFTER, R_BASE, R_DISPLACEMENT,
  R_FIRST, R_HANDLER, R_IMMEDIATE, R_INDEX, R_NEXT, R_OFFSET, R_PATCHED,
  R_SCALE, R_SECOND, R_SEGMENT, R_TARGET, R_WORD, RECORD,
} from "./record";

const TABLE = 4 * PAGE;
const AFTER = R_AFTER >>> 2, PATCHED = R_PATCHED >>> 2;

/** The records of a machine's code, in the scratch part: for each frame
 * with code a table with the address of the record at each offset. */
export class Records {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  // Where the next table or record goes.
  private free: number;
  // Those that have a table.
  private readonly frames: number[] = [];
  // Handlers by form and what else there is to tell apart.
  private readonly known: number[] = [];

  constructor(
    private readonly board: Board, private readonly cache: CodeCache,
    private readonly handlers: ReadonlyMap<string, number>,
  ) {
    const { buffer } = board.memory;
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.free = board.layout.records;
  }

  private set(record: number, field: number, value: number): void {
    this.words[(record + field) >>> 2] = value;
  }

  private take(bytes: number): number {
    const at = this.free;
    this.free += bytes;
    return at;
  }

  // For a table, and an instruction's record with those it points to.
  private makeRoom(): void {
    const most = TABLE + 4 * RECORD;
    if (this.free + most > this.board.layout.total) this.cache.dropAll();
  }

  /** Forgets everything. */
  dropAll(): void {
    const { words, frames, board: { layout } } = this;
    words.fill(0, layout.records >>> 2, this.free >>> 2);
    for (const frame of frames.splice(0))
      words[(layout.codeTables >>> 2) + frame] = 0;
    this.free = layout.records;
  }

  /** The table of a frame, made if there is none. */
  private table(frame: number): number {
    const slot = (this.board.layout.codeTables >>> 2) + frame;
    if (this.words[slot]) return this.words[slot]!;
    this.frames.push(frame);
    return this.words[slot] = this.take(TABLE);
  }

  private make(handler: number, offset: number): number {
    const record = this.take(RECORD);
    this.set(record, R_HANDLER, handler);
    this.set(record, R_OFFSET, offset);
    return record;
  }

  // What lies outside the page is reached in another way.
  private recordAt(table: number, offset: number): number {
    if (offset < 0 || offset >= PAGE)
      return this.make(HANDLER_FAR, offset);
    return this.words[(table >>> 2) + offset] ||=
      this.make(HANDLER_DECODE, offset);
  }

  /** Makes sure that there is a record. */
  enter(frame: number, offset: number): void {
    this.makeRoom();
    this.recordAt(this.table(frame), offset);
  }

  /** Decodes an instruction into its record. */
  fill(frame: number, offset: number): void {
    this.makeRoom();
    const table = this.table(frame);
    const record = this.recordAt(table, offset);
    const start = this.board.layout.ramBase + frame * PAGE;
    const i = this.decodeWithin(start, offset);
    const handler = i ? this.handlerOf(i) : HANDLER_COLD;
    const own = handler >= HANDLER_FIRST;
    this.set(record, R_HANDLER, handler);
    this.set(record, R_AFTER, offset + (i ? i.length : LONGEST));
    this.set(record, R_PATCHED, 0);
    this.cache.page(frame).live++;
    if (i && own) this.write(table, record, start, i);
  }

  // The instruction, if there is one and it ends in this page.
  private decodeWithin(start: number, offset: number): Insn | undefined {
    let within = true;
    try {
      const i = decode((n) => {
        within &&= offset + n < PAGE;
        return within ? this.bytes[start + offset + n]! : 0;
      }, true);
      return within ? i : undefined;
    } catch (thrown) {
      if (thrown instanceof InstructionTooLong) return undefined;
      throw thrown;
    }
  }

  private write(
    table: number, record: number, start: number, i: Insn,
  ): void {
    const w = this.words, after = w[(record + R_AFTER) >>> 2]!;
    const operand = (k: number) => {
      const { register = -1, size = 4 } = i.places[k] ?? {};
      return register < 0 ? 0 : registerAt(register, size);
    };
    const wordAt = (n: number) => 4 * (n < 0 ? ZERO : n);
    this.set(record, R_FIRST, operand(0));
    this.set(record, R_SECOND, operand(1));
    this.set(record, R_IMMEDIATE, i.immediate);
    this.set(record, R_BASE, wordAt(i.base));
    this.set(record, R_INDEX, wordAt(i.index));
    this.set(record, R_SCALE, i.scale);
    this.set(record, R_DISPLACEMENT, i.displacement);
    this.set(record, R_SEGMENT, 16 * i.segment);
    this.set(record, R_NEXT, this.recordAt(table, after));
    if (i.form.operands[0]?.kind === "J")
      this.set(record, R_TARGET, this.recordAt(table, after + i.immediate));
    if (!endsWithWord(i)) return;
    this.set(record, R_PATCHED, w[(record + R_HANDLER) >>> 2]!);
    this.set(record, R_WORD, start + after - 4);
  }

  private handlerOf(i: Insn): number {
    const { form, operandSize, isMemory, rep, segment } = i;
    if (isBulky(i)) return HANDLER_REPEAT;
    const odd = i.addressSize === 2 || (rep !== 0 && form.rep !== "");
    const other = segment >= FS;
    if (odd || segment === CS || isStill(i) || (other && !isMemory))
      return HANDLER_COLD;
    const place = form.id * 16 + (isMemory ? 8 : 0) + (other ? 4 : 0) +
      (operandSize >> 1);
    return this.known[place] ??=
      this.handlers.get(keyOf(i)) ?? HANDLER_COLD;
  }

  /** Forgets what has a byte between these offsets of a frame; says how
   * much that was. If only an immediate changes, that is read again. */
  drop(frame: number, from: number, to: number): number {
    const { words: w } = this;
    const table = w[(this.board.layout.codeTables >>> 2) + frame]! >>> 2;
    let dropped = 0, at = Math.max(from - LONGEST + 1, 0);
    for (; table !== 0 && at < to; at++) {
      const record = w[table + at]! >>> 2, after = w[record + AFTER]!;
      if (record === 0 || w[record] === HANDLER_DECODE || after <= from)
        continue;
      const again = w[record + PATCHED] && from >= after - 4 &&
        to <= after;
      w[record] = again ? HANDLER_PATCHED : HANDLER_DECODE;
      if (!again) dropped++;
    }
    return dropped;
  }
}

// A shift by no bits isn't what the others do.
function isStill({ form, immediate }: Insn): boolean {
  const { operands, semantic } = form;
  const last = operands[operands.length - 1];
  const shifts = ["shl", "shr", "sar", "rol", "ror", "rcl", "rcr",
    "shld", "shrd"].includes(semantic);
  return shifts && last!.kind === "I" && (immediate & 31) === 0;
}

// Whether its last four bytes are an immediate for its handler alone.
function endsWithWord({ form, operandSize }: Insn): boolean {
  const last = form.operands[form.operands.length - 1];
  return last?.kind === "I" && operandSize === 4 &&
    (last.size === "z" || last.size === "v");
}
