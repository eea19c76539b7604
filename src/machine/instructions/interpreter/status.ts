// Woven from chapters/759-handlers.md.
import {
  FLAGS_ADD, FLAGS_EXPLICIT, FLAGS_RESULT, FLAGS_SUB,
} from "../../cpu/flags";
import {
  AF, CF, FLAG_CARRY, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT, OF, PF_FLAG,
  SF, ZF,
} from "../../ground/state";
import { FunctionWriter } from "./writer";

// The only parameter: the address of a CPU's words.
const CPU = 0;

/** The functions' names, in their order. */
export const flagNames = ["carry", "overflow", "zero", "sign", "parity",
  "notAbove", "less", "notGreater", "status"];

type Body = (f: FunctionWriter) => void;

function make(name: string, body: Body): FunctionWriter {
  const f = new FunctionWriter(name, 1);
  body(f);
  return f;
}


function word(f: FunctionWriter, at: number): FunctionWriter {
  return f.get(CPU).memory("load", 4 * at);
}

function kindIs(f: FunctionWriter, kind: number): FunctionWriter {
  f.get(CPU).memory("load8", 4 * FLAG_KIND);
  return f.constant(kind).emit("eq");
}

function given(f: FunctionWriter, flag: number): FunctionWriter {
  word(f, FLAG_CARRY).constant(flag).emit("and");
  return f.constant(0).emit("ne");
}

// A flag that follows from the result, if there is one.
function ofResult(
  name: string, flag: number, by: Body,
): FunctionWriter {
  return make(name, (f) => {
    kindIs(f, FLAGS_EXPLICIT).open("if");
    given(f, flag).emit("return");
    f.close();
    by(f);
  });
}


const carry = (f: FunctionWriter) => {
  const ways = [[FLAGS_ADD, "ltU"], [FLAGS_SUB, "gtU"]] as const;
  for (const [kind, compares] of ways) {
    kindIs(f, kind).open("if");
    word(f, FLAG_RESULT);
    word(f, FLAG_OPERAND).emit(compares);
    word(f, FLAG_RESULT);
    word(f, FLAG_OPERAND).emit("eq");
    word(f, FLAG_CARRY).emit("and", "or", "return");
    f.close();
  }
  given(f, CF);
};


const overflow = (f: FunctionWriter) => {
  kindIs(f, FLAGS_ADD);
  kindIs(f, FLAGS_SUB).emit("or", "eqz").open("if");
  given(f, OF).emit("return");
  f.close();
  const part = (one: number, other: number) => {
    word(f, one);
    word(f, other).emit("sub");
    word(f, FLAG_CARRY).emit("sub");
    word(f, one).emit("xor");
  };
  part(FLAG_RESULT, FLAG_OPERAND);
  part(FLAG_OPERAND, FLAG_RESULT);
  kindIs(f, FLAGS_ADD).emit("select");
  word(f, FLAG_OPERAND);
  word(f, FLAG_RESULT).emit("xor", "and");
  f.get(CPU).memory("load8", 4 * FLAG_KIND + 1).constant(3).emit("shl");
  f.constant(1).emit("sub", "shrU").constant(1).emit("and");
};


type Call = (f: FunctionWriter, name: string) => FunctionWriter;

const status = (call: Call) => (f: FunctionWriter) => {
  kindIs(f, FLAGS_EXPLICIT).open("if");
  word(f, FLAG_CARRY).emit("return");
  f.close();
  call(f, "zero").constant(6).emit("shl");
  call(f, "sign").constant(7).emit("shl", "or");
  call(f, "parity").constant(2).emit("shl", "or");
  word(f, FLAG_CARRY).constant(AF).emit("and");
  // result - operand - carry, or operand - result - carry
  word(f, FLAG_RESULT);
  word(f, FLAG_OPERAND).emit("sub");
  word(f, FLAG_OPERAND);
  word(f, FLAG_RESULT).emit("sub");
  kindIs(f, FLAGS_ADD).emit("select");
  word(f, FLAG_CARRY).emit("sub");
  word(f, FLAG_OPERAND).emit("xor");
  word(f, FLAG_RESULT).emit("xor").constant(AF).emit("and");
  kindIs(f, FLAGS_RESULT).emit("select", "or");
  call(f, "carry").emit("or");
  call(f, "overflow").constant(11).emit("shl", "or");
};


/** The functions that work out flags for the interpreter, each of a
 * CPU's address; `number` gives the number of one by its name. */
export function flagFunctions(
  number: (name: string) => number,
): FunctionWriter[] {
  const call: Call = (f, name) => f.get(CPU).call(number(name));
  const both = (
    name: string, one: string, other: string, how: "or" | "xor",
  ) => make(name, (f) => {
    call(f, one);
    call(f, other).emit(how);
  });
  return [
    make("carry", carry), make("overflow", overflow),
    ofResult("zero", ZF, (f) => word(f, FLAG_RESULT).emit("eqz")),
    ofResult("sign", SF, (f) =>
      word(f, FLAG_RESULT).constant(31).emit("shrU")),
    ofResult("parity", PF_FLAG, (f) =>
      f.get(CPU).memory("load8", 4 * FLAG_RESULT).emit("popcnt")
        .constant(1).emit("and", "eqz")),
    both("notAbove", "carry", "zero", "or"),
    both("less", "sign", "overflow", "xor"),
    both("notGreater", "less", "zero", "or"),
    make("status", status(call)),
  ];
}
