// Woven from chapters/756-replay.md.
import { conditionNames } from "../../table";
import type { Builder } from "./builder";
import type { Size } from "../cpu/cpu";
import { helpers } from "./helpers";
import { panic } from "../ground/numbers";
import { kindNames, registerName, segmentNames } from "./recorder";

type Names = Map<string, number>;
type Back = Builder<number>;
type Expression = (b: Back, names: Names) => number;
type Statement = (b: Back, names: Names) => void;

const registers = new Map<string, { n: number; size: Size }>();
for (const size of [1, 2, 4] as const) {
  for (let n = 0; n < 8; n++) {
    registers.set(registerName(n, size), { n, size });
  }
}

const operators: Record<string, (b: Back, x: number, y: number) => number> =
{
  "+": (b, x, y) => b.add(x, y), "-": (b, x, y) => b.sub(x, y),
  "*": (b, x, y) => b.multiply(x, y), "&": (b, x, y) => b.and(x, y),
  "|": (b, x, y) => b.or(x, y), "^": (b, x, y) => b.xor(x, y),
  "<<": (b, x, y) => b.shl(x, y), ">>>": (b, x, y) => b.shr(x, y),
  ">>": (b, x, y) => b.sar(x, y), "==": (b, x, y) => b.equal(x, y),
  "<": (b, x, y) => b.lessSigned(x, y),
  "<u": (b, x, y) => b.lessUnsigned(x, y),
};

/** Makes a recording executable against a back end. */
export function compileRecording(text: string): (b: Back) => void {
  const tokens = text.match(
    /\n|0x[0-9a-f]+|-?\d+|\w+|<<|>>>|>>|==|<u|[^\s]/g) ?? [];
  const body = new Parser(tokens).block();
  return (b) => body(b, new Map());
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  private peek(): string {
    return this.tokens[this.at] ?? "";
  }

  private take(expected?: string): string {
    const token = this.peek();
    if (expected !== undefined && token !== expected) {
      panic(`the recording has ${token} where ${expected} should be`);
    }
    this.at++;
    return token;
  }
  block(): Statement {
    const all: Statement[] = [];
    while (this.peek() !== "" && this.peek() !== "}") {
      if (this.peek() === "\n") this.take();
      else all.push(this.statement());
    }
    return (b, names) => {
      for (const one of all) one(b, names);
    };
  }

  private statement(): Statement {
    const word = this.peek(), next = this.tokens[this.at + 1];
    if (next === "=") return this.assignment();
    if (word === "go") return this.going();
    if (word === "trap") return this.trap();
    if (word === "when") return this.when();
    if (word === "flags") return this.flags();
    if (word.startsWith("store")) return this.storing();
    return this.expression();
  }
  private assignment(): Statement {
    const name = this.take();
    this.take("=");
    const value = this.expression(), register = registers.get(name);
    if (register) {
      const { n, size } = register;
      return (b, names) => b.setReg(n, size, value(b, names));
    }
    if (name === "stack") return (b, names) => b.setStack(value(b, names));
    if (name === "status") {
      return (b, names) => b.setStatus(value(b, names));
    }
    return (b, names) => void names.set(name, value(b, names));
  }
  private going(): Statement {
    this.take("go");
    this.take("to");
    const to = this.expression();
    if (this.peek() !== "if") return (b, names) => b.goTo(to(b, names));
    this.take();
    const condition = this.expression();
    return (b, names) => {
      const offset = to(b, names);
      b.branch(condition(b, names), offset);
    };
  }
  private trap(): Statement {
    this.take("trap");
    const vector = Number(this.take());
    let error: number | undefined;
    if (this.peek() === "(") {
      this.take();
      error = Number(this.take());
      this.take(")");
    }
    if (this.peek() !== "if") return (b) => b.trapIf(1, vector, error);
    this.take();
    const condition = this.expression();
    return (b, names) => b.trapIf(condition(b, names), vector, error);
  }

  private when(): Statement {
    this.take("when");
    const condition = this.expression();
    this.take("{");
    const body = this.block();
    this.take("}");
    return (b, names) => b.when(condition(b, names), () => body(b, names));
  }
  private flags(): Statement {
    this.take("flags");
    const [, name, bits] = /^([a-z]+)(\d+)$/.exec(this.take())!;
    const kind = kindNames.indexOf(name!), size = Number(bits) / 8 as Size;
    const result = this.expression();
    this.take(",");
    const operand = this.expression();
    this.take(",");
    const carry = this.expression();
    return (b, names) => b.flags(kind, size,
      result(b, names), operand(b, names), carry(b, names));
  }

  private storing(): Statement {
    const size = Number(this.take().slice(5)) / 8 as Size;
    const { segment, offset } = this.place();
    this.take(",");
    const value = this.expression();
    return (b, names) => {
      const to = offset(b, names);
      b.store(segment, to, size, value(b, names));
    };
  }

  private place(): { segment: number; offset: Expression } {
    const segment = segmentNames.indexOf(this.take());
    this.take(":");
    this.take("[");
    const offset = this.expression();
    this.take("]");
    return { segment, offset };
  }
  private expression(): Expression {
    const first = this.primary(), operator = this.peek();
    if (operator === "?") {
      this.take();
      const yes = this.primary();
      this.take(":");
      const no = this.primary();
      return (b, names) => {
        const chosen = first(b, names), a = yes(b, names);
        return b.select(chosen, a, no(b, names));
      };
    }
    const apply = operators[operator];
    if (!apply) return first;
    this.take();
    const second = this.primary();
    return (b, names) => {
      const a = first(b, names);
      return apply(b, a, second(b, names));
    };
  }
  private primary(): Expression {
    const token = this.take();
    if (token === "(") {
      const inner = this.expression();
      this.take(")");
      return inner;
    }
    if (token === "~") {
      const inner = this.primary();
      return (b, names) => b.not(inner(b, names));
    }
    if (/^-?\d/.test(token)) return (b) => b.constant(Number(token));
    return this.value(token);
  }
  private value(word: string): Expression {
    const register = registers.get(word);
    if (register) return (b) => b.reg(register.n, register.size);
    const [, stem = "", bits = ""] = /^([a-zA-Z]+)(\d*)$/.exec(word) ?? [];
    const size = Number(bits) / 8 as Size;
    if (bits && (stem === "load" || stem === "claim")) {
      const { segment, offset } = this.place();
      return stem === "load" ?
        (b, names) => b.load(segment, offset(b, names), size) :
        (b, names) => b.loadForWrite(segment, offset(b, names), size);
    }
    if (this.peek() === "(") return this.called(word, stem, size);
    if (word === "here") return (b) => b.here();
    if (word === "after") return (b) => b.after();
    if (word === "status") return (b) => b.status();
    if (word === "direction") return (b) => b.direction();
    return (_b, names) => names.get(word) ??
      panic(`the recording never said what ${word} is`);
  }
  private called(word: string, stem: string, size: Size): Expression {
    this.take("(");
    if (word === "cond" || word === "selector" || word === "stack") {
      return this.special(word);
    }
    const parts: Expression[] = [];
    while (this.peek() !== ")") {
      parts.push(this.expression());
      if (this.peek() === ",") this.take();
    }
    this.take(")");
    const [x, y] = parts;
    if (word === "high") {
      return (b, names) => b.multiplyHigh(x!(b, names), y!(b, names));
    }
    if (stem === "zero") return (b, n) => b.zeroExtend(x!(b, n), size);
    if (stem === "sign") return (b, n) => b.signExtend(x!(b, n), size);
    const helper = Object.values(helpers).find((h) => h.name === word) ??
      panic(`there is no helper ${word}`);
    return (b, names) => b.call(helper, ...parts.map((p) => p(b, names)));
  }
  // These name something, rather than take values.
  private special(word: string): Expression {
    const first = this.take();
    if (word === "stack") {
      let from: number | undefined;
      if (this.peek() === ",") {
        this.take();
        from = registers.get(this.take())!.n;
      }
      this.take(")");
      return (b) => b.stack(Number(first), from);
    }
    this.take(")");
    if (word === "cond") {
      return (b) => b.cond(conditionNames.indexOf(first));
    }
    return (b) => b.selector(segmentNames.indexOf(first));
  }
}
