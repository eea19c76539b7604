// What differs between two machines, by name.
import {
  ACTIVITY, APIC, ATTENTION, CLOCK, CPL, DEBUG_PENDING, DR, FLAG_CARRY,
  FLAG_KIND, FLAG_OPERAND, FLAG_RESULT, GDTR_BASE, INHIBIT, type Machine,
  PAGE, REPEATING, REPEATING_AT, RETIRED, SEGMENTS, SYSTEM_FLAGS, TLB_HEAD,
  TLB_WORDS, TLBS,
} from "../../src/machine";

const general = "EAX ECX EDX EBX ESP EBP ESI EDI EIP".split(" ");
const hidden = ["selector", "base", "limit", "attributes"];
const tlbWords = ["page", "frame", "when", "when's upper half", "cr3", "5",
  "6", "7"];

const single = new Map<number, string>([
  [FLAG_RESULT, "FLAG_RESULT"], [FLAG_OPERAND, "FLAG_OPERAND"],
  [FLAG_CARRY, "FLAG_CARRY"], [FLAG_KIND, "FLAG_KIND"],
  [SYSTEM_FLAGS, "SYSTEM_FLAGS"], [CPL, "CPL"], [INHIBIT, "INHIBIT"],
  [ACTIVITY, "ACTIVITY"], [ATTENTION, "ATTENTION"],
  [DEBUG_PENDING, "DEBUG_PENDING"], [REPEATING_AT, "REPEATING_AT"],
  ...[RETIRED, CLOCK, REPEATING].flatMap((at, i): [number, string][] => {
    const name = ["RETIRED", "CLOCK", "REPEATING"][i]!;
    return [[2 * at, name], [2 * at + 1, `${name}'s upper half`]];
  }),
  ...["GDTR base", "GDTR limit", "IDTR base", "IDTR limit", "CR0", "CR2",
    "CR3", "CR4"].map((name, i): [number, string] => [GDTR_BASE + i, name]),
  ...Array.from({ length: 8 }, (_, n): [number, string] =>
    [DR + n, `DR${n}`]),
]);

/** The name of a word of a CPU's area. */
export function wordName(at: number, dataTlb: number): string {
  const known = general[at] ?? single.get(at);
  if (known) return known;
  if (at >= SEGMENTS && at < SEGMENTS + 32) {
    const n = at - SEGMENTS;
    return `${"ES CS SS DS FS GS LDTR TR".split(" ")[n >> 2]} ${hidden[n & 3]}`;
  }
  if (at >= APIC && at < APIC + 64) return `APIC word ${at - APIC}`;
  if (at >= TLBS && at < TLBS + TLB_HEAD)
    return `${at === TLBS ? "data" : "code"} TLB: which entry is the oldest`;
  if (at < TLBS) return `word ${at}`;
  const n = at - TLBS - TLB_HEAD, entry = Math.floor(n / TLB_WORDS);
  const code = entry >= dataTlb, word = tlbWords[n % TLB_WORDS];
  return `${code ? "code" : "data"} TLB, entry ${
    code ? entry - dataTlb : entry}: ${word}`;
}

/** Where and how two machines differ: at most so many lines. */
export function differences(
  first: Machine, second: Machine, most = 12,
): string[] {
  const { layout } = first, lines: string[] = [];
  const one = new Int32Array(first.memory.buffer, 0, layout.blockSize >> 2);
  const other = new Int32Array(second.memory.buffer, 0, one.length);
  for (const { id } of first.cpus) {
    const flags = [first, second].map(({ cpus }) => cpus[id]!.eflags());
    if (flags[0] !== flags[1])
      lines.push(`CPU ${id} EFLAGS: ${hex(flags[0]!)}, ${hex(flags[1]!)}`);
  }
  for (let at = 0; at < one.length && lines.length < most; at++)
    if (one[at] !== other[at])
      lines.push(`${place(first, 4 * at)}: ${hex(one[at]!)}, ${
        hex(other[at]!)}`);
  return lines;
}

function place({ layout }: Machine, at: number): string {
  const { cpuBase, cpuStride, deviceBase, ramBase, dataTlb } = layout;
  if (at < PAGE) return `header word ${at >> 2}`;
  if (at < deviceBase) {
    const id = Math.floor((at - cpuBase) / cpuStride);
    return `CPU ${id} ${
      wordName((at - cpuBase - id * cpuStride) >> 2, dataTlb)}`;
  }
  return at < ramBase ? `device word ${(at - deviceBase) >> 2}`
    : `RAM at ${hex(at - ramBase)}`;
}

export const hex = (n: number) =>
  (n >>> 0).toString(16).padStart(8, "0");
