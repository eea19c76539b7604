// Woven from chapters/777-interpreter.md.
import type { Insn } from "../../../table";
import type { Builder } from "../builder";
import { CS_BASE, CS_LIMIT, EIP } from "../../ground/state";
import { semanticsById } from "../semantics";
import { blockFunctions } from "./blocks";
import { keyOf, samples, template } from "./forms";
import { Generator } from "./generator";
import type { Surroundings } from "./generator";
import { hotRows } from "./hot";
import {
  COLD, DECODE, DONE, HANDLER_FIRST, LOOK, R_HANDLER, R_NEXT, R_OFFSET,
  REPEAT, R_IMMEDIATE, R_PATCHED, R_TARGET, R_WORD, WHY_BITS,
} from "./record";
import { flagFunctions, flagNames } from "./status";
import { FunctionWriter, moduleBytes } from "./writer";
import type { Label } from "./writer";

/** What the module asks for: the slow way to an address; see `slow`. */
const imports = [{ name: "slow", parameters: 3 }];

/** The interpreter's parameters, in this order. */
const names = ["cpu", "fast", "fastCode", "readBit", "writeBit",
  "tables", "left"] as const;
type Locals = Record<typeof names[number], number>;

/** A generated interpreter: its module, and which handler does what. */
export interface Generated {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly handlers: ReadonlyMap<string, number>;
}

/** Writes an interpreter for rows, for flat segments or for any. */
export function generate(
  segmented = false, rows: readonly string[] = hotRows,
): Generated {
  const functions: Record<string, number> = {};
  flagNames.forEach((name, k) => functions[name] = imports.length + k);
  const flags = flagFunctions((name) => functions[name]!);
  const insns = new Map(rows.flatMap(samples)
    .map((i) => [keyOf(i), i]));
  const handlers = new Map([...insns.keys()].map((key, k) =>
    [key, HANDLER_FIRST + k]));
  const run = interpreterFunction(
    [...insns.values()].map((i) => template(i, segmented)), functions,
    segmented);
  const all = [...flags, run, ...blockFunctions()];
  return { bytes: moduleBytes(imports, all), handlers };
}

/** Whether an instruction may have to leave when it is too late. */
function isTooLate({ form, isMemory }: Insn): boolean {
  return form.semantic === "call" && isMemory;
}

// The function "run", from the outer blocks to the inner and out again.
function interpreterFunction(
  insns: readonly Insn[], functions: Record<string, number>,
  segmented: boolean,
): FunctionWriter {
  const f = new FunctionWriter("run", names.length, 1, 1);
  const locals = Object.fromEntries(
    names.map((name, k) => [name, k])) as Locals;
  const { cpu, left, fastCode, readBit, tables } = locals;
  const record = f.local(), to = f.local(), page = f.local();
  const entry = f.local(), limit = f.local(), base = f.local(), linear = f.local();
  // Gives an answer: EIP is in `to`.
  const answer = (why: number) => {
    f.get(cpu).get(to).memory("store", 4 * EIP);
    f.get(left).constant(WHY_BITS).emit("shl");
    f.constant(why).emit("or", "return");
  };
  // Where the record is, into `to`.
  const here = () => f.get(page).get(record).memory("load", R_OFFSET)
    .emit("add").set(to);
  f.get(cpu).memory("load", 4 * EIP).set(to);
  if (segmented) {
    f.get(cpu).memory("load", 4 * CS_BASE).set(base);
    f.get(cpu).memory("load", 4 * CS_LIMIT).set(limit);
  }
  const strange = f.open("block"), repeat = f.open("block");
  const leave = f.open("block"), lost = f.open("block");
  const decoding = f.open("block"), done = f.open("block");
  const running = f.open("loop");
  const find = f.open("block"), go = f.open("block");
  const taken = f.open("block"), next = f.open("block");
  const far = f.open("block"), patched = f.open("block");
  const enter = f.open("block");
  f.get(record).emit("eqz").brIf(enter);
  const bodies: Label[] = insns.map(() => f.open("block")).reverse();
  f.get(record).memory("load", R_HANDLER);
  f.brTable([decoding, leave, far, patched, repeat, ...bodies]);
  const temps = { free: [] as number[] };
  const s: Surroundings = {
    ...locals, page, record, to, next, taken, go, leave, slow: 0, functions,
    wide: names.length, segmented, limit,
  };
  insns.forEach((i) => {
    f.close();
    if (segmented && isTooLate(i)) {
      f.br(leave);
      return;
    }
    const g = new Generator(f, s, temps);
    semanticsById[i.form.id]!(g as unknown as Builder, i);
    g.finish();
  });
  f.close(); // enter
  f.br(find);
  f.close(); // patched
  f.get(record).get(record).memory("load", R_WORD).memory("load");
  f.memory("store", R_IMMEDIATE);
  f.get(record).get(record).memory("load", R_PATCHED);
  f.memory("store", R_HANDLER).br(running);
  f.close(); // far
  here();
  f.br(find);
  const count = () => f.get(left).constant(1).emit("sub").tee(left);
  f.close(); // next
  f.get(record).memory("load", R_NEXT).set(record);
  count().brIf(running).br(done);
  f.close(); // taken
  f.get(record).memory("load", R_TARGET).set(record);
  count().brIf(running).br(done);
  f.close(); // go
  count().emit("eqz").open("if");
  answer(DONE);
  f.close();
  f.close(); // find
  f.get(to);
  if (segmented) f.get(base).emit("add");
  f.tee(linear).constant(10).emit("shrU").constant(-4).emit("and");
  f.get(fastCode).emit("add").memory("load").tee(entry);
  f.get(readBit).emit("and", "eqz").brIf(lost);
  f.get(linear).constant(-4096).emit("and");
  if (segmented) f.get(base).emit("sub");
  f.set(page);
  if (segmented) {
    f.get(page).constant(4095).emit("add").get(limit).emit("gtU");
    f.get(page).constant(-4096).emit("gtU", "or").brIf(strange);
  }
  f.get(entry).get(linear).emit("xor");
  f.constant(10).emit("shrU").constant(-4).emit("and");
  f.get(tables).emit("add").memory("load").tee(entry);
  f.emit("eqz").brIf(lost);
  f.get(linear).constant(4095).emit("and").constant(2).emit("shl");
  f.get(entry).emit("add").memory("load").tee(record);
  f.emit("eqz").brIf(lost).br(running);
  f.close(); // running
  f.close(); // done
  here();
  answer(DONE);
  f.close(); // decoding
  here();
  answer(DECODE);
  f.close(); // lost
  answer(LOOK);
  f.close(); // leave
  here();
  f.br(strange);
  f.close(); // repeat
  here();
  answer(REPEAT);
  f.close(); // strange
  answer(COLD);
  return f;
}
