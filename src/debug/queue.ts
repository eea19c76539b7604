// Woven from chapters/925-virtio.md.
// A virtqueue as a picture, from Guest memory.
import type { Machine } from "../machine";
import { Sheet } from "./picture";
import type { Picture, Tone } from "./picture";
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

/** The most rows, and the most places that are looked at. */
const ROWS = 16, PLACES = 256;

interface Row { readonly text: string; readonly tone: Tone }

/** The descriptors that are anything, a row each. */
function descriptors(
  machine: Machine, guest: number, { size, desc }: QueuePlace,
): Row[] {
  const rows: Row[] = [];
  for (let n = 0; n < Math.min(size, PLACES); n++) {
    const [address = 0, , length = 0, flags = 0] =
      guestWords(machine, guest, desc + 16 * n, 4);
    if (length === 0) continue;
    const what = `${flags & 2 ? "W" : "R"}${flags & 4 ? "I" : ""}${
      flags & 1 ? `>${flags >>> 16}` : ""}`;
    const text = `${String(n).padStart(3)} ${
      address.toString(16).padStart(8, "0")} ${String(length).padStart(6)} `;
    rows.push({ text: text + what, tone: flags & 2 ? "host" : "guest" });
  }
  return rows;
}

/** Rows in a box with a title. */
function column(
  sheet: Sheet, x: number, width: number, title: string, rows: Row[],
): void {
  sheet.text(x, 0, title).box(x, 1, width, rows.length + 2, "guest");
  rows.forEach(({ text, tone }, i) =>
    sheet.text(x + 1, 2 + i, text.slice(0, width - 2), tone));
}


/** The descriptors that are anything, and both rings up to their indices. */
export function drawQueue(
  machine: Machine, guest: number, queue: QueuePlace,
): Picture {
  const { size, avail, used, taken } = queue, sheet = new Sheet();
  if (size === 0)
    return sheet.text(0, 0, "a queue that nobody has set up").picture();
  const half = (at: number) => {
    const [word = 0] = guestWords(machine, guest, at & ~3, 1);
    return at & 2 ? word >>> 16 : word & 0xffff;
  };
  const ring = (index: number, row: (place: number, n: number) => Row) => {
    const count = Math.min(index, size, ROWS);
    return Array.from({ length: count }, (_, i) =>
      row((index - count + i) % size, index - count + i));
  };
  const made = half(avail + 2), back = half(used + 2);
  const there = descriptors(machine, guest, queue);
  column(sheet, 0, 28, `${size} descriptors`, there.slice(0, ROWS));
  if (there.length > ROWS)
    sheet.text(0, ROWS + 3, `and ${there.length - ROWS} more`, "quiet");
  column(sheet, 30, 11, `available ${made}`, ring(made, (place, n) => ({
    text: ` ${half(avail + 4 + 2 * place)}`,
    tone: n < taken ? "quiet" : "guest" })));
  column(sheet, 43, 11, `used ${back}`, ring(back, (place) => {
    const [head, bytes] = guestWords(machine, guest, used + 4 + 8 * place, 2);
    return { text: ` ${head}(${bytes})`, tone: "host" };
  }));
  return sheet.text(30, Math.min(made, size, ROWS) + 3, `taken ${taken}`,
    "host").picture();
}
