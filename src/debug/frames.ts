// Woven from chapters/835-backtrace.md.
// .debug_frame, from the ways home that were found.
import { cString, little, sleb, uleb } from "./dwarf";
import type { Stretch } from "./stretches";
import { LOST } from "./unwind";
import type { Caller, WayHome } from "./unwind";

const ESP = 4, EIP = 8;
const DEF_CFA = 0x0c, DEF_CFA_OFFSET = 0x0e, DEF_CFA_EXPRESSION = 0x0f;
const OFFSET = 0x80, EXPRESSION = 0x10, UNDEFINED = 0x07;
const FROM_ESP = 0x70 + ESP, FETCH = 0x06;

const block = (bytes: readonly number[]) => [bytes.length, ...bytes];

const above = (depth: number, words: number) =>
  [DEF_CFA_OFFSET, ...uleb(depth + 4 * words), OFFSET | EIP, words];

/** How the caller's frame is found. */
const rules: Readonly<Record<Caller, (depth: number) => number[]>> = {
  call: (depth) => above(depth, 1),
  far: (depth) => above(depth, 2),
  interrupt: (depth) => above(depth, 3),
  guest: (depth) => [
    DEF_CFA_EXPRESSION, ...block([FROM_ESP, ...sleb(depth + 12), FETCH]),
    EXPRESSION, EIP, ...block([FROM_ESP, ...sleb(depth)])],
  lost: () => [UNDEFINED, EIP],
};

const entry = (body: readonly number[]) => {
  const padding = new Array<number>(-body.length & 3).fill(0);
  return [...little(body.length + padding.length, 4), ...body, ...padding];
};

/** What is in .debug_frame; of one caller we say that we don't know. */
export function frameSection(
  stretches: readonly Stretch[], ways: ReadonlyMap<number, WayHome>,
  unknown: Caller,
): number[] {
  const section = entry([...little(-1, 4), 1, ...cString(""), 1, ...sleb(-4),
    EIP, DEF_CFA, ESP, 4]);
  for (const { lines, address, bytes } of stretches) {
    const at = (i: number) => lines[i]?.address ?? address + bytes.length;
    const wayAt = (i: number) => ways.get(at(i)) ?? LOST;
    for (let i = 0, next = 0; i < lines.length; i = next) {
      const { caller, depth } = wayAt(i);
      for (next = i + 1; next < lines.length; next++) {
        const way = wayAt(next);
        if (way.caller !== caller || way.depth !== depth) break;
      }
      section.push(...entry([...little(0, 4), ...little(at(i), 4),
        ...little(at(next) - at(i), 4),
        ...rules[caller === unknown ? "lost" : caller](depth)]));
    }
  }
  return section;
}
