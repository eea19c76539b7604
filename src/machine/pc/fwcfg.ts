// Woven from chapters/922-keyboard.md.
import type { Board } from "../ground/board";
import { nameWords } from "./registers";
import type { Registers } from "./registers";

const DIRECTORY = 0x19, FIRST_FILE = 0x20;

/** Little-endian bytes of a number. */
function little(n: number, bytes: number): number[] {
  return Array.from({ length: bytes },
    (_, i) => Math.floor(n / 2 ** (8 * i)) % 256);
}

const text = (s: string) => [...s].map((c) => c.charCodeAt(0));

function contents(board: Board): Map<number, number[]> {
  const cpus = little(board.layout.cpus, 2), { ramSize } = board;
  const e820 = [...little(0, 8), ...little(ramSize, 8), ...little(1, 4)];
  const name = text("etc/e820");
  const entry = [...little(e820.length, 4).reverse(),
    ...little(FIRST_FILE, 2).reverse(), 0, 0, ...name,
    ...new Array<number>(56 - name.length).fill(0)];
  return new Map([
    [0x00, text("QEMU")], [0x01, little(1, 4)],
    [0x03, little(ramSize, 8)], [0x05, cpus], [0x0e, little(0, 2)],
    [0x0f, cpus], [DIRECTORY, [0, 0, 0, 1, ...entry]],
    [FIRST_FILE, e820],
  ]);
}

/** QEMU's firmware configuration device; gives its registers. */
export function addFirmwareConfig(
  board: Board,
): Registers<"selector" | "at"> {
  const r = nameWords(board.allocateState("fw_cfg", 2), ["selector", "at"]);
  const items = contents(board);
  board.addDevice({
    name: "fw_cfg", ports: { from: 0x510, length: 2 },
    readPort: (offset, size) => {
      if (offset === 0) return size === 2 ? r.selector : -1;
      const item = items.get(r.selector & 0xbfff) ?? [];
      return item[r.at++] ?? 0;
    },
    writePort: (offset, size, value) => {
      if (offset !== 0 || size !== 2) return;
      r.selector = value;
      r.at = 0;
    },
  });
  return r;
}
