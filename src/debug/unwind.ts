// Woven from chapters/835-backtrace.md.
// How far above esp the return address is, at each instruction.
import { disassemble } from "../assembler";
import { pushesError } from "../host";
import { LguestPages, Regs } from "../lguest";
import type { Stretch } from "./stretches";

/** Who has left the return address: a call, a far one, an interrupt, or
 * the Switcher's caller or callee in ring 1; or we don't know. */
export type Caller = "call" | "far" | "interrupt" | "guest" | "lost";

/** Where the return address is while an instruction is about to run. */
export interface WayHome {
  readonly caller: Caller;
  /** Bytes from esp to it. */
  readonly depth: number;
}

export const LOST: WayHome = { caller: "lost", depth: 0 };

/** The ways home, by the addresses of instructions; where there is none,
 * we are lost. */
export function waysHome(
  stretches: readonly Stretch[],
): ReadonlyMap<number, WayHome> {
  return new Walk(stretches).ways;
}

/** Bytes that an instruction pushes; undefined if it puts esp somewhere. */
function pushed(text: string): number | undefined {
  const [, name = "", much] = /^(\w+) *(?:\$(\w+),%esp$)?/.exec(text) ?? [];
  if (much && /^(add|sub)/.test(name))
    return name.startsWith("add") ? -Number(much) : Number(much);
  if (name === "lcall") return -4;
  const size = /^(pusha|popa)/.test(name) ? 32 : 4;
  if (name.startsWith("push")) return size;
  if (/^(enter|leave)|^(?!cmp|test).*%esp$/.test(text)) return undefined;
  return name.startsWith("pop") ? -size : 0;
}

class Walk {
  readonly ways = new Map<number, WayHome>();
  private readonly work: number[] = [];
  /** Where instructions begin. */
  private readonly starts: ReadonlySet<number>;
  /** Where ways meet that differ. */
  private readonly closed = new Set<number>();
  /** The way home when a stack was put away. */
  private readonly kept = new Map<Stretch | undefined, WayHome>();

  constructor(private readonly stretches: readonly Stretch[]) {
    const lines = stretches.flatMap((stretch) => stretch.lines);
    this.starts = new Set(lines.map(({ address }) => address));
    const learned = () => this.closed.size + this.kept.size;
    for (let before = -1; before < learned();) {
      before = learned();
      this.ways.clear();
      this.begin();
      for (let at; (at = this.work.pop()) !== undefined;) this.step(at);
    }
  }

  private begin(): void {
    for (const at of this.starts) {
      const { text } = this.read(at);
      if (!text.startsWith("call")) continue;
      for (const to of this.targets(text))
        this.reach(to, { caller: "call", depth: 0 });
    }
    const labels = this.stretches.flatMap((stretch) => [...stretch.labels]);
    for (const [label, at] of labels) {
      const [, guest, vector] = /^(guest_)?trap_(\d+)$/.exec(label) ?? [];
      if (vector !== undefined) this.reach(at, {
        caller: guest ? "guest" : "interrupt",
        depth: pushesError(Number(vector)) ? 4 : 0 });
      if (label === "switch_to_guest")
        this.reach(at, { caller: "far", depth: 0 });
    }
  }

  private reach(at: number, way: WayHome): void {
    if (way.caller === "lost" || !this.starts.has(at)) return;
    const known = this.ways.get(at);
    if (known && (known.caller !== way.caller || known.depth !== way.depth))
      this.closed.add(at);
    if (known || this.closed.has(at)) return;
    this.ways.set(at, way);
    this.work.push(at);
  }

  private step(at: number): void {
    const way = this.ways.get(at)!, { text, length } = this.read(at);
    if (/^(i?ret|lret|ud2|\(bad)/.test(text)) return;
    if (/^(j|loop)/.test(text))
      for (const to of this.targets(text)) this.reach(to, way);
    if (!text.startsWith("jmp"))
      this.reach(at + length, this.after(at, text, way));
  }

  private after(at: number, text: string, way: WayHome): WayHome {
    const toRegs = `lea    0x${LguestPages.regs.offset.toString(16)}(`;
    if (/^mov +%esp,-?0x/.test(text)) this.kept.set(this.stretchAt(at), way);
    if (/^mov +-?0x\S+,%esp$/.test(text))
      return this.kept.get(this.stretchAt(at)) ?? LOST;
    if (text.startsWith(toRegs) && text.endsWith("%esp"))
      return { caller: "guest", depth: Regs.eip.offset };
    const more = pushed(text);
    if (more === undefined || way.depth + more < 0) return LOST;
    return { ...way, depth: way.depth + more };
  }

  private stretchAt(at: number): Stretch | undefined {
    return this.stretches.find(({ address, bytes }) =>
      at >= address && at < address + bytes.length);
  }

  private bytesAt(at: number): Uint8Array {
    const stretch = this.stretchAt(at);
    return stretch?.bytes.subarray(at - stretch.address) ?? new Uint8Array();
  }

  private read(at: number) {
    return disassemble(this.bytesAt(at), at);
  }

  private targets(text: string): number[] {
    const [, star, sign, address, indexed] =
      /^\w+ +(\*?)(-?)(0x\w+)(\(,%\w+,4\))?$/.exec(text) ?? [];
    const to = (sign ? -Number(address) : Number(address)) >>> 0;
    if (!star) return [to];
    const names = new Set(this.stretchAt(to)?.labels.values());
    const found: number[] = [];
    for (let at = to; indexed && (at === to || !names.has(at)); at += 4) {
      const [a = 0, b = 0, c = 0, d = 0] = this.bytesAt(at);
      const word = (a | b << 8 | c << 16 | d << 24) >>> 0;
      if (!this.starts.has(word)) break;
      found.push(word);
    }
    return found;
  }
}
