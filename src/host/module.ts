// Woven from chapters/410-traps.md.
// What the Host knows of the module that is built in.
import type { Cpu } from "../machine";
import type { OwnDescriptor } from "./descriptors";

/** A file that the loader brought: where it is, where its string is. */
export interface LoaderFile { start: number; size: number; string: number }

/** All that the loader has noted for a module. */
export interface LoaderNotes {
  readonly commandLine: string;
  readonly files: readonly LoaderFile[];
}

/** A host call: its cost in clock ticks, whether there may be as much to do
 * as there is memory, and what it does. */
export interface HostCallRow {
  name: string;
  cost: number;
  bulk?: boolean;
  run(cpu: Cpu, module: KernelModule): void;
}

/** A part of the kernel that the Host calls and doesn't know. */
export interface KernelModule {
  /** Its constants, as .equ lines: HC_ of its host calls excepted. */
  readonly equates: string;
  /** Assembly behind the Host's own, with three labels: `init_module`
   * and `exit_module`, called with the allocator's lock held,
   * whose answer in eax is 0, as they find it there, or an error;
   * and `process_thread`, where the thread of a process begins, and which
   * ends with a jump to `exit_process`. Interrupts are off at all. */
  readonly text: string;
  /** Assembly of its data at place.MODULE, five pages at most. */
  readonly data: string;
  /** Handlers: a label for each vector. `struct frame` is on the stack,
   * interrupts are off, and it ends with a jump to `trap_return`. One for
   * a vector of the Host's stands in for the Host's. */
  readonly vectors: Readonly<Record<number, string>>;
  /** Labels of code that it carries along as data. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Its host calls. Their numbers follow the Host's. */
  readonly calls: readonly HostCallRow[];
  /** Looks at the loader's notes, once: how many processes it wants. */
  setup(cpu: Cpu, notes: LoaderNotes): number;
  /** What it has in each CPU's GDT as long as it is loaded. */
  readonly descriptors: readonly OwnDescriptor[];
  /** Makes the process with this number, from 0 on: its thread, which
   * begins at `start`, or 0 if it can't. Allocator lock held. */
  createProcess(cpu: Cpu, number: number, start: number): number;
  /** The current thread's process ends: frees what it has for it, but
   * not its memory. Allocator lock held. */
  freeProcess(cpu: Cpu): void;
  /** The alarm of a thread goes off. Queue lock held. */
  alarm(cpu: Cpu, thread: number): void;
}

/** A module without which the Host would be the same. */
export const emptyModule: KernelModule = {
  equates: "", data: "", vectors: {}, symbols: new Map(), calls: [],
  text: "init_module: exit_module: ret\nprocess_thread: jmp exit_process\n",
  setup: () => 0,
  descriptors: [],
  createProcess: () => 0,
  freeProcess() {},
  alarm() {},
};
