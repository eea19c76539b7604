// Woven from chapters/834-symbols.md.
// How far above esp the return address is, at each instruction.
import { disassemble } from "../assembler";
import { pushesError } from "../host";
import { LguestPages, Regs } from "../lguest";
import type { Stretch } from "./stretches";

/** What lies around the return address: nothing; cs and eflags, from a far
 * call or an interrupt; the Guest's registers; or we don't know. */
export type Caller = "call" | "far" | "interrupt" | "guest" | "lost";

/** A frame while an instruction is about to run. */
export interface WayHome {
  readonly caller: Caller;
  /** Bytes from esp to the return address. */
  readonly depth: number;
}

export const LOST: WayHome = { caller: "lost", depth: 0 };
const NOWHERE = { bytes: new Uint8Array(), address: 0 };

const REGS = `lea    0x${LguestPages.regs.offset.toString(16)}(`;

/** Bytes that an instruction pushes; undefined if it puts esp somewhere. */
function pushed(text: string): number | undefined {
  const [, name = "", much = ""] =
    /^(\w+) *(?:\$(\w+),%esp$)?/.exec(text) ?? [];
  if (/^(add|sub)l?$/.test(name) && much)
    return name.startsWith("add") ? -much : Number(much);
  if (/^(enter|leave)|^(?!cmp|test).*%esp$/.test(text))
    return /^push/.test(name) ? 4 : undefined;
  if (name === "lcall") return -4; // our iret takes the flags along
  const size = name.endsWith("a") ? 32 : 4;
  return name.startsWith("push") ? size : name.startsWith("pop") ? -size : 0;
}

/** Goes through code, and finds the frames of all instructions that it
 * comes to, by address. */
export class Walk {
  readonly frames = new Map<number, WayHome>();
  private readonly work: number[] = [];
  private readonly starts: ReadonlySet<number>;
  /** Where ways of different depth meet. */
  private readonly unclear = new Set<number>();
  /** The frames when a stack was put away. */
  private readonly kept = new Map<Stretch | undefined, WayHome>();

  constructor(private readonly stretches: readonly Stretch[]) {
    const lines = stretches.flatMap((stretch) => stretch.lines);
    this.starts = new Set(lines.map(({ address }) => address));
    const learned = () => this.kept.size + this.unclear.size;
    for (let before = -1; before < learned();) {
      before = learned();
      this.frames.clear();
      this.begin();
      for (let at; (at = this.work.pop()) !== undefined;) this.step(at);
    }
  }

  private begin(): void {
    for (const at of this.starts) {
      const { text } = this.read(at);
      for (const to of text.startsWith("call") ? this.targets(text) : [])
        this.reach(to, { caller: "call", depth: 0 });
    }
    for (const [label, at] of this.stretches.flatMap(({ labels }) => [...labels])) {
      const [, guest, vector] = /^(guest_)?trap_(\d+)$/.exec(label) ?? [];
      if (vector !== undefined) this.reach(at, {
        caller: guest ? "guest" : "interrupt",
        depth: pushesError(Number(vector)) ? 4 : 0 });
      if (label === "switch_to_guest")
        this.reach(at, { caller: "far", depth: 0 });
    }
  }

  private stretchAt(at: number): Stretch | undefined {
    return this.stretches.find(({ address, bytes }) =>
      at >= address && at < address + bytes.length);
  }

  private bytesAt(at: number): Uint8Array {
    const { bytes, address } = this.stretchAt(at) ?? NOWHERE;
    return bytes.subarray(at - address);
  }

  private read(at: number) {
    return disassemble(this.bytesAt(at), at);
  }

  /** Where a jump or a call leads. */
  private targets(text: string): number[] {
    const [, star, sign, address, index] =
      /^\w+ +(\*?)(-?)(0x\w+)(\(,%\w+,4\))?$/.exec(text) ?? [];
    const to = (sign ? -Number(address) : Number(address)) >>> 0;
    if (!star) return [to];
    const names = new Set(this.stretchAt(to)?.labels.values());
    const found: number[] = [];
    for (let at = to; index && (at === to || !names.has(at)); at += 4) {
      const [a, b, c, d] = this.bytesAt(at);
      const word = (a! | b! << 8 | c! << 16 | d! << 24) >>> 0;
      if (!this.starts.has(word)) break;
      found.push(word);
    }
    return found;
  }

  private reach(at: number, way: WayHome): void {
    if (way.caller === "lost" || !this.starts.has(at)) return;
    const before = this.frames.get(at) ?? way;
    if (before.caller !== way.caller || before.depth !== way.depth)
      this.unclear.add(at);
    if (this.frames.has(at) || this.unclear.has(at)) return;
    this.frames.set(at, way);
    this.work.push(at);
  }

  private step(at: number): void {
    const frame = this.frames.get(at)!, { text, length } = this.read(at);
    if (/^(i?ret|lret|ud2|\(bad)/.test(text)) return;
    if (/^(j|loop)/.test(text))
      for (const to of this.targets(text)) this.reach(to, frame);
    if (!text.startsWith("jmp"))
      this.reach(at + length, this.after(at, text, frame));
  }

  private after(at: number, text: string, frame: WayHome): WayHome {
    const { caller, depth } = frame;
    if (/^mov +%esp,-?0x/.test(text)) this.kept.set(this.stretchAt(at), frame);
    if (/^mov +-?0x\S+,%esp$/.test(text))
      return this.kept.get(this.stretchAt(at)) ?? LOST;
    if (text.startsWith(REGS) && text.endsWith("%esp"))
      return { caller: "guest", depth: Regs.eip.offset };
    const more = pushed(text);
    return caller === "lost" || more === undefined || depth + more < 0 ? LOST
      : { caller, depth: depth + more };
  }
}
