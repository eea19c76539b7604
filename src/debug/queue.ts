// Woven from chapters/925-virtio.md.
// A virtqueue as a picture, from Guest memory.
import type { Machine } from "../machine";
import { guestWords } from "./walks";

/** Where a queue is, and how far its device has come. */
export interface QueuePlace {
  readonly size: number;
  readonly desc: number;
  readonly avail: number;
  readonly used: number;
  /** Chains that the device has taken. */
  readonly taken: number;
}

const places = (count: number) => (count === 1 ? "place" : "places");

/** The descriptors that are anything, and both rings up to their indices;
 * a queue that nobody has set up is no picture. */
export function drawQueue(
  machine: Machine, guest: number, { size, desc, avail, used, taken }:
  QueuePlace,
): string {
  if (size === 0) return "a queue that nobody has set up";
  const half = (at: number) => {
    const [word = 0] = guestWords(machine, guest, at & ~3, 1);
    return at & 2 ? word >>> 16 : word & 0xffff;
  };
  const lines = [`${size} ${places(size)}`];
  for (let n = 0; n < size; n++) {
    const [address = 0, , length = 0, flags = 0] =
      guestWords(machine, guest, desc + 16 * n, 4);
    if (length === 0) continue;
    const next = flags & 1 ? ` then ${flags >>> 16}` : "";
    lines.push(`  ${String(n).padStart(3)}  ` +
      `${address.toString(16).padStart(8, "0")}${String(length).padStart(7)}` +
      `  ${flags & 2 ? "W" : " "}${flags & 4 ? "I" : ""}${next}`.trimEnd());
  }
  const ring = (index: number, place: (n: number) => string) =>
    Array.from({ length: Math.min(index, size) }, (_, i) =>
      place((Math.max(0, index - size) + i) % size)).join(" ");
  const made = half(avail + 2), back = half(used + 2);
  lines.push(`available ${made}: ${ring(made, (n) =>
    String(half(avail + 4 + 2 * n)))}`.trimEnd());
  lines.push(`taken ${taken}`);
  lines.push(`used ${back}: ${ring(back, (n) => {
    const [head, bytes] = guestWords(machine, guest, used + 4 + 8 * n, 2);
    return `${head}(${bytes})`;
  })}`.trimEnd());
  return lines.join("\n");
}
