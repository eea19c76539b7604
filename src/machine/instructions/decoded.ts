// Woven from chapters/748-step.md.
import type { Form, Insn, OperandPlace } from "../../table";
import { semanticsById } from "./semantics";
import type { Semantics } from "./semantics/operands";

/** A decoded instruction, always of the same shape, with what it does. */
export class Decoded implements Insn {
  readonly form: Form;
  readonly places: readonly OperandPlace[];
  readonly length: number;
  readonly prefixes: number;
  readonly operandSize: 1 | 2 | 4;
  readonly addressSize: 2 | 4;
  readonly lock: boolean;
  readonly rep: 0 | 0xf2 | 0xf3;
  readonly segment: number;
  readonly mod: number;
  readonly reg: number;
  readonly rm: number;
  readonly isMemory: boolean;
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  readonly displacement: number;
  readonly immediate: number;
  readonly immediate2: number;
  readonly run: Semantics;

  constructor(i: Insn) {
    this.form = i.form;
    this.places = i.places;
    this.length = i.length;
    this.prefixes = i.prefixes;
    this.operandSize = i.operandSize;
    this.addressSize = i.addressSize;
    this.lock = i.lock;
    this.rep = i.rep;
    this.segment = i.segment;
    this.mod = i.mod;
    this.reg = i.reg;
    this.rm = i.rm;
    this.isMemory = i.isMemory;
    this.base = i.base;
    this.index = i.index;
    this.scale = i.scale;
    this.displacement = i.displacement | 0;
    this.immediate = i.immediate | 0;
    this.immediate2 = i.immediate2 | 0;
    this.run = semanticsById[i.form.id]!;
  }
}
