// Woven from chapters/779-engine.md.
import { FunctionWriter } from "./writer";

/** What the module does with blocks of memory. */
export interface Blocks {
  /** Copies, as if by way of a buffer. */
  copy(to: number, from: number, length: number): void;
  /** Writes 32 bits over and over, up to a length in bytes. */
  fill(at: number, pattern: number, length: number): void;
}

/** The functions of {@link Blocks}. */
export function blockFunctions(): FunctionWriter[] {
  const copy = new FunctionWriter("copy", 3, 0);
  copy.get(0).get(1).get(2).copyMemory();
  return [copy, fillFunction()];
}

function fillFunction(): FunctionWriter {
  const f = new FunctionWriter("fill", 3, 0, 1);
  const at = 0, pattern = 1, length = 2, twice = 3;
  const advance = (by: number) => {
    f.get(at).constant(by).emit("add").set(at);
    f.get(length).constant(by).emit("sub").set(length);
  };
  f.get(pattern).emit("extendU").constant64(0x1_0000_0001n);
  f.emit("mul64").set(twice);
  const bytes = f.open("block"), wide = f.open("loop");
  f.get(length).constant(32).emit("ltU").brIf(bytes);
  for (const k of [0, 8, 16, 24])
    f.get(at).get(twice).memory("store64", k);
  advance(32);
  f.br(wide).close();
  f.close();
  const done = f.open("block"), single = f.open("loop");
  f.get(length).emit("eqz").brIf(done);
  f.get(at).get(pattern).memory("store8");
  f.get(pattern).constant(8).emit("rotr").set(pattern);
  advance(1);
  f.br(single).close();
  f.close();
  return f;
}
