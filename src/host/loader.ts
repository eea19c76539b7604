// Woven from chapters/803-sessions.md.
// What the multiboot loader has noted: a command line, and files.
import type { Cpu } from "../machine";
import { bug } from "./bug";
import { get, put, textAt } from "./layout";
import { most, place } from "./map";
import type { KernelModule, LoaderFile } from "./module";
import { isProgram, setupPrograms } from "./programs";
import { HOST, Shared } from "./structures";

function loaderFiles(cpu: Cpu, info: number): LoaderFile[] {
  const word = (at: number) => cpu.load32(at) >>> 0;
  const list = word(info + 24) + place.KERNEL, length = word(info + 20);
  if (length > most.FILES_MAX) bug();
  return Array.from({ length }, (_, i) => {
    const note = list + 16 * i, start = word(note);
    return {
      start: start + place.KERNEL, size: word(note + 4) - start,
      string: word(note + 8) + place.KERNEL,
    };
  });
}

/** Reads the notes, and asks the module how many processes it wants. */
export function readNotes(cpu: Cpu, module: KernelModule): void {
  const info = get(cpu, HOST, Shared.multiboot) + place.KERNEL;
  const commandLine = textAt(cpu, cpu.load32(info + 16) + place.KERNEL);
  const date = /date=(\d+)/.exec(commandLine)?.[1] ?? 0;
  const is = (word: RegExp) => word.test(commandLine) ? 1 : 0;
  put(cpu, HOST, Shared.start_date, Number(date));
  put(cpu, HOST, Shared.sequential, is(/sequential/));
  put(cpu, HOST, Shared.one_cpu, is(/policy=one-cpu/));
  const all = loaderFiles(cpu, info);
  const files = all.filter((file) => !isProgram(cpu, file));
  const wanted = module.setup(cpu, { commandLine, files });
  put(cpu, HOST, Shared.processes_wanted, wanted);
  setupPrograms(cpu, { commandLine, files: all }, wanted);
}
