// Woven from chapters/660-load.md.
// Programs: what the Host knows of each, and how many it waits for.
import type { Cpu } from "../machine";
import { bug } from "./bug";
import { get, structure, textAt, viewClass } from "./layout";
import type { LoaderFile, LoaderNotes } from "./module";
import { HOST } from "./structures";

/** How many programs there can be. */
export const PROGRAMS_MAX = 16;

/** Behind struct host. */
export const programsLayout = structure("programs", {
  wanted: "u32 boot",
  started: "u32 allocator_lock peek", live: "u32",
  /** Processes that have to end before the Host may stop. */
  left: "u32",
}, 1024);

/** struct program: one for each. It outlives the program. */
const layoutAt = (offset: number) => structure("program", {
  /** What the loader noted. */
  pid: "u32 boot", file: "u32", size: "u32", wanted: "u32", allowed: "u32",
  rounds: "u32 queue_lock",
  /** Its thread, 0 if it has none. */
  thread: "u32 allocator_lock peek",
  state: "u32 allocator_lock", status: "u32",
  vector: "u32", error: "u32", eip: "u32", address: "u32",
}, offset);
export const programLayout = layoutAt(0);

/** Each where it is in the page, for those who look on. */
export const programLayouts = Array.from({ length: PROGRAMS_MAX }, (_, n) =>
  layoutAt(programsLayout.bytes + n * programLayout.bytes));

export class Programs extends viewClass(programsLayout) {}
export class Program extends viewClass(programLayout) {}

/** struct program of the program with this number, from 0 on. */
export function programAt(number: number): number {
  return HOST + programsLayout.bytes + number * programLayout.bytes;
}

/** How a program stands, by the number in struct program. */
export const programStates = [
  "waiting", "running", "refused", "exited", "trapped", "told",
] as const;
export type ProgramState = (typeof programStates)[number];

/** A process that the Host has waited for is no more, or can't be. */
export function awaitOneLess(cpu: Cpu): void {
  new Programs(cpu, HOST).left--;
}

/** Whether a program is to be started. Nobody keeps the load company. */
export function programWaits(cpu: Cpu): boolean {
  const { left, started, wanted } = new Programs(cpu, HOST);
  return left > 0 && started < wanted;
}

/** How many programs there are. */
export function livePrograms(cpu: Cpu): number {
  return new Programs(cpu, HOST).live;
}

/** Whether a file is a program. It is none of the module's business. */
export function isProgram(cpu: Cpu, { string }: LoaderFile): boolean {
  return /^program\b/.test(textAt(cpu, string));
}

/** Notes the programs; `wanted` are the processes of the module. */
export function setupPrograms(
  cpu: Cpu, { commandLine, files }: LoaderNotes, wanted: number,
): void {
  const all = new Programs(cpu, HOST);
  all.left = wanted;
  for (const file of files.filter((file) => isProgram(cpu, file))) {
    const note = textAt(cpu, file.string);
    const word = (name: string, otherwise: number) => {
      const said = new RegExp(` ${name}=(\\d+)`);
      const found = said.exec(note) ?? said.exec(` ${commandLine}`);
      return found ? Number(found[1]) : otherwise;
    };
    const allowed = word("load-on", -1);
    for (let n = word("load", 1); n > 0; n--) {
      if (all.wanted === PROGRAMS_MAX) return;
      const program = new Program(cpu, programAt(all.wanted));
      all.wanted++;
      program.pid = all.wanted;
      program.file = file.start;
      program.size = file.size;
      program.wanted = word("load-rounds", 0);
      program.allowed = allowed < 0 ? -1 : 1 << allowed;
      if (program.wanted > 0) all.left++;
    }
  }
}

/** The threads of programs, if these are told to end. */
export function threadsToEnd(cpu: Cpu): number[] {
  const { left, live, started } = new Programs(cpu, HOST);
  if (left > 0 || live === 0) return [];
  if (started > PROGRAMS_MAX) bug();
  return Array.from({ length: started }, (_, n) =>
    get(cpu, programAt(n), programLayout.field.thread))
    .filter((thread) => thread !== 0);
}
