// Woven from chapters/820-packets.md.
import { walkQuietly } from "../../machine";
import type { Cpu } from "../../machine";
import { BAD_ADDRESS, Refusal } from "./hex";

interface Piece {
  /** A physical address. */
  readonly from: number;
  readonly length: number;
}

function* pieces(
  cpu: Cpu, address: number, length: number, physical: boolean,
): Generator<Piece | undefined> {
  const end = address + length, { addressMask } = cpu.board;
  while (address < end) {
    const upTo = Math.min(end, address - (address % 4096) + 4096);
    const at = physical ? address : walkQuietly(cpu, address | 0);
    yield address > 0xffffffff || at === undefined ? undefined
      : { from: (at & addressMask) >>> 0, length: upTo - address };
    address = upTo;
  }
}

/** Reads as far as there is memory; a Refusal if there is none at all.
 * Linear addresses go by the CPU's page tables. */
export function readMemory(
  cpu: Cpu, address: number, length: number, physical: boolean,
): Uint8Array {
  const { board } = cpu, bytes = new Uint8Array(length);
  let done = 0;
  for (const piece of pieces(cpu, address, length, physical)) {
    const at = piece ? board.readable(piece.from, piece.length) : -1;
    if (!piece || at < 0) break;
    bytes.set(cpu.bytes.subarray(at, at + piece.length), done);
    done += piece.length;
  }
  if (done === 0 && length > 0) throw new Refusal(BAD_ADDRESS);
  return bytes.subarray(0, done);
}

/** Writes all bytes, or none and throws a Refusal. */
export function writeMemory(
  cpu: Cpu, address: number, bytes: Uint8Array, physical: boolean,
): void {
  const { board } = cpu, found: Piece[] = [];
  for (const piece of pieces(cpu, address, bytes.length, physical)) {
    if (!piece || board.writable(piece.from, piece.length) < 0) {
      throw new Refusal(BAD_ADDRESS);
    }
    found.push(piece);
  }
  let done = 0;
  for (const { from, length } of found) {
    board.writeRam(from, bytes.subarray(done, done + length));
    done += length;
  }
}
