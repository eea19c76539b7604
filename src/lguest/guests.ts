// Woven from chapters/803-sessions.md.
// Guests come as the loader's files: text in front, bytes behind.
import { HOST, put, textAt } from "../host";
import type { LoaderNotes } from "../host";
import type { Cpu } from "../machine";
import { Guest, lguestOf } from "./lguest";
import { GUESTS_MAX } from "./map";
import { LguestShared } from "./structures";

/** Reads options and the files of each Guest; how many there are. */
export function guestsFromFiles(
  cpu: Cpu, { commandLine, files }: LoaderNotes,
): number {
  const is = (word: RegExp) => word.test(commandLine) ? 1 : 0;
  put(cpu, HOST, LguestShared.abi_strict, is(/strict/));
  put(cpu, HOST, LguestShared.pge_all_cpus, 1 - is(/pge=this-cpu/));
  let guests = 0;
  for (const { start, size, string } of files) {
    const found = /^guest memory=(\d+)(?: cpu=(\d+))? -- /
      .exec(textAt(cpu, string));
    if (found && guests < GUESTS_MAX) {
      const lg = new Guest(cpu, lguestOf(guests++));
      lg.image = start;
      lg.image_size = size;
      lg.memory = Number(found[1]) & -4096;
      lg.allowed = found[2] === undefined ? -1 : 1 << Number(found[2]);
      lg.command_line = string + found[0].length;
    } else if (guests > 0) {
      const lg = new Guest(cpu, lguestOf(guests - 1));
      lg.initrd = start;
      lg.initrd_size = size;
    }
  }
  return guests;
}
