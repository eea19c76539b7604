// Woven from chapters/740-recording.md.
import { decode } from "../../table";
import type { Insn } from "../../table";
import type { Builder } from "./builder";
import { panic } from "../ground/numbers";
import { Recorder } from "./recorder";
import type { Note } from "./recorder";
import { semanticsById } from "./semantics";

/** What an instruction does, as lines of text. */
export function record(i: Insn): string {
  const recorder = new Recorder();
  semanticsById[i.form.id]!(recorder as unknown as Builder, i);
  return new Writer(recorder.notes).text();
}

/** Decides which values get a line of their own, and writes all down. */
class Writer {
  private readonly users: number[][];
  // The note in whose line a note appears, if it is in any.
  private readonly line: (number | undefined)[] = [];

  constructor(private readonly notes: readonly Note[]) {
    this.users = notes.map(() => []);
    notes.forEach((note, n) => {
      for (const piece of note.pieces) {
        if (typeof piece === "number") this.users[piece]!.push(n);
      }
    });
    for (let n = notes.length - 1; n >= 0; n--) this.place(n);
  }

  private place(n: number): void {
    const note = this.notes[n]!;
    const users = this.users[n]!.filter(
      (user) => this.line[user] !== undefined);
    if (users.length === 0) {
      this.line[n] = note.action ? n : undefined;
      return;
    }
    const user = this.line[users[0]!]!;
    const alone = users.length === 1 && this.mayMove(n, user);
    this.line[n] = note.constant !== undefined || alone ? user : n;
  }

  // A value may be worked out later if nothing that it depends on changes
  // meanwhile; an action if no other action comes before.
  private mayMove(n: number, to: number): boolean {
    const { reads, action } = this.notes[n]!;
    for (let k = n + 1; k < to; k++) {
      const other = this.notes[k]!;
      if (action && other.action) return false;
      if (other.writes.some((w) => w === "all" || reads.includes(w))) {
        return false;
      }
    }
    return true;
  }
  text(): string {
    const lines: string[] = [], names = new Map<number, string>();
    const taken = new Set<string>();
    let depth = 0;
    this.notes.forEach((note, n) => {
      if (this.line[n] !== n) return;
      let line = this.render(n, names);
      const used = this.users[n]!.some((user) => this.line[user] !== undefined);
      if (used) {
        const name = unused(note.name || "t", taken);
        names.set(n, name);
        line = `${name} = ${line}`;
      }
      if (line === "}") depth--;
      lines.push("  ".repeat(depth) + line);
      if (line.endsWith("{")) depth++;
    });
    return lines.join("\n");
  }

  private render(n: number, names: ReadonlyMap<number, string>): string {
    const note = this.notes[n]!;
    return note.pieces.map((piece) => {
      if (typeof piece === "string") return piece;
      const name = names.get(piece);
      if (name !== undefined) return name;
      const text = this.render(piece, names);
      const parens = note.tight && this.notes[piece]!.compound;
      return parens ? `(${text})` : text;
    }).join("");
  }
}

function unused(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let k = 2; taken.has(name); k++) name = wish + k;
  taken.add(name);
  return name;
}

/** The recording of the instruction that these bytes of 32-bit code begin
 * with. */
export function recordBytes(...bytes: readonly number[]): string {
  const insn = decode((n) => bytes[n] ?? 0, true);
  return insn ? record(insn) : panic("these bytes are no instruction");
}
