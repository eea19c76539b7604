// Woven from chapters/64-memory.md.
// Guests come as the loader's files: text in front, bytes behind.
import { put, putShared, textAt } from "../host";
import type { LoaderNotes } from "../host";
import type { Cpu } from "../machine";
import { Lguest, lguestOf } from "./lguest";
import { GUESTS_MAX } from "./map";
import { LguestShared } from "./structures";

/** Reads options and the files of each Guest; how many there are. */
export function guestsFromFiles(
  cpu: Cpu, { commandLine, files }: LoaderNotes,
): number {
  const is = (word: RegExp) => word.test(commandLine) ? 1 : 0;
  putShared(cpu, LguestShared.abi_strict, is(/strict/));
  putShared(cpu, LguestShared.pge_all_cpus, 1 - is(/pge=this-cpu/));
  let guests = 0;
  for (const { start, size, string } of files) {
    const found = /^guest memory=(\d+) -- /.exec(textAt(cpu, string));
    if (found && guests < GUESTS_MAX) {
      const lg = lguestOf(guests++);
      put(cpu, lg, Lguest.image, start);
      put(cpu, lg, Lguest.image_size, size);
      put(cpu, lg, Lguest.memory, Number(found[1]));
      put(cpu, lg, Lguest.command_line, string + found[0].length);
    } else if (guests > 0) {
      put(cpu, lguestOf(guests - 1), Lguest.initrd, start);
      put(cpu, lguestOf(guests - 1), Lguest.initrd_size, size);
    }
  }
  return guests;
}
