// Woven from chapters/64-memory.md.
// Guests come as multiboot modules: text in front, files behind.
import type { Cpu } from "../machine";
import { get, put, textAt } from "./layout";
import { Lguest, lguestOf } from "./lguest";
import { most, place } from "./map";
import { HOST, Shared, putShared } from "./structures";

/** A file in the loader's notes: where it is, where its string is. */
interface LoaderFile { start: number; size: number; string: number }

function loaderFiles(cpu: Cpu, info: number): LoaderFile[] {
  const word = (at: number) => cpu.load32(at) >>> 0;
  const list = word(info + 24) + place.KERNEL;
  return Array.from({ length: word(info + 20) }, (_, i) => {
    const note = list + 16 * i, start = word(note);
    return {
      start: start + place.KERNEL, size: word(note + 4) - start,
      string: word(note + 8) + place.KERNEL,
    };
  });
}

/** Reads the loader's notes: options, and the files of each Guest. */
export function guestsFromModules(cpu: Cpu): void {
  const info = get(cpu, HOST, Shared.multiboot) + place.KERNEL;
  const options = textAt(cpu, cpu.load32(info + 16) + place.KERNEL);
  const date = /date=(\d+)/.exec(options)?.[1] ?? 0;
  putShared(cpu, Shared.start_date, Number(date));
  putShared(cpu, Shared.abi_strict, /strict/.test(options) ? 1 : 0);
  putShared(cpu, Shared.pge_all_cpus, /pge=this-cpu/.test(options) ? 0 : 1);
  putShared(cpu, Shared.sequential, /sequential/.test(options) ? 1 : 0);
  let guests = 0;
  for (const { start, size, string } of loaderFiles(cpu, info)) {
    const found = /^guest memory=(\d+) -- /.exec(textAt(cpu, string));
    if (found && guests < most.GUESTS_MAX) {
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
  putShared(cpu, Shared.guests, guests);
}
