// Woven from chapters/640-scheduler.md.
// What somebody outside asks of the Host.
import type { Machine } from "../machine";
import { place, vector } from "./map";
import { HOST, Shared } from "./structures";
export { MOVE_ON } from "./threads";

/** The module's threads are to move to a CPU; with MOVE_ON, each to the
 * next one. A CPU that isn't there is no reason to move. */
export function askToMove(machine: Machine, to: number): void {
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, to, true);
  machine.writeRam(HOST - place.KERNEL + Shared.move_to.offset, word);
  machine.messageInterrupt(0, vector.MOVE_VECTOR);
}

/** There is news for the module's process with this number, from 0 on. */
export function tellNews(machine: Machine, number: number): void {
  const at = HOST - place.KERNEL + Shared.news.offset;
  const [byte = 0] = machine.readRam(at + (number >>> 3), 1);
  machine.writeRam(at + (number >>> 3),
    Uint8Array.of(byte | 1 << (number & 7)));
  machine.messageInterrupt(0, vector.NEWS_VECTOR);
}
