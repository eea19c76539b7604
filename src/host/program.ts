// Woven from chapters/660-load.md, 662-trouble.md.
// A program: how it begins, and how it ends.
import { CR2, EAX, PF, hex32 } from "../machine";
import type { Cpu, Machine } from "../machine";
import { hostMemory } from "./hostmemory";
import { get, put, structure, viewClass } from "./layout";
import { place, selector } from "./map";
import { pteOf } from "./pages";
import { PROGRAMS_MAX, Program, Programs, awaitOneLess, programAt,
  programStates } from "./programs";
import type { ProgramState } from "./programs";
import { HOST, trapFrame } from "./structures";
import { Thread, currentThread } from "./threads";

/** What a trap from an outer ring pushes above struct frame. */
const outerLayout = structure("outer", { esp: "u32", ss: "u32" },
  trapFrame.bytes);
class Outer extends viewClass(outerLayout) {}
export class Frame extends viewClass(trapFrame) {}

/** Where the registers of a thread that is in ring 3 are kept. */
function frameOf(thread: number): number {
  return thread + 4096 - outerLayout.bytes;
}

/** The registers of the current thread's program. */
export function currentFrame(cpu: Cpu): Frame {
  return new Frame(cpu, frameOf(currentThread(cpu)));
}

/** struct program of the current thread, at 0 if it has none. */
export function currentProgram(cpu: Cpu): Program {
  return new Program(cpu, get(cpu, currentThread(cpu), Thread.program));
}

/** Pages that a program has besides those of its file. */
const DATA_PAGES = 4;

/** Makes the next program's process: its thread, or 0. */
export function createProgram(
  cpu: Cpu, start: number,
  build: (cpu: Cpu, pages: number, start: number) => number,
): number {
  const all = new Programs(cpu, HOST);
  const program = new Program(cpu, programAt(all.started));
  all.started++;
  const text = Math.ceil(program.size / 4096) * 4096;
  const thread = build(cpu, text / 4096 + DATA_PAGES, start);
  if (thread === 0) {
    program.state = programStates.indexOf("refused");
    if (program.wanted > 0) awaitOneLess(cpu);
    return 0;
  }
  put(cpu, thread, Thread.program, program.at);
  put(cpu, thread, Thread.allowed, program.allowed);
  program.thread = thread;
  program.state = programStates.indexOf("running");
  all.live++;
  fillText(cpu, program);
  fillFrame(cpu, program, text, start);
  return thread;
}

/** Copies the file into the process's first pages: read-only, dirty. */
function fillText(cpu: Cpu, program: Program): void {
  const { file, size, thread } = program;
  const space = get(cpu, thread, Thread.space);
  for (let at = 0; at < size; at += 4096) {
    const pte = pteOf(cpu, space, place.MEM_BASE + at);
    const entry = cpu.load32(pte) >>> 0, frame = entry - (entry & 4095);
    cpu.store32(pte, frame | 0x45);
    for (let i = 0; i < 4096 && at + i < size; i += 4)
      cpu.store32(place.KERNEL + frame + i, cpu.load32(file + at + i));
  }
}

/** Registers for the first instruction in ring 3. */
function fillFrame(
  cpu: Cpu, program: Program, text: number, start: number,
): void {
  const { thread } = program, at = frameOf(thread);
  const frame = new Frame(cpu, at), outer = new Outer(cpu, at);
  const data = place.MEM_BASE + text;
  frame.eax = program.pid;
  frame.ebx = program.wanted;
  frame.ecx = program.allowed;
  frame.esi = data;
  frame.ds = frame.es = selector.USER_DS;
  frame.cs = selector.USER_CS;
  frame.eip = place.MEM_BASE;
  frame.eflags = 0x202;
  outer.esp = data + DATA_PAGES * 4096;
  outer.ss = selector.USER_DS;
  put(cpu, thread, Thread.esp, at - 20);
  cpu.store32(at - 4, start);
}

/** Host call: the current program ends, in the way that eax says.
 * Allocator lock held. */
export function endProgram(cpu: Cpu): void {
  const program = currentProgram(cpu), frame = currentFrame(cpu);
  program.state = cpu.w[EAX]!;
  const state = programStates[program.state];
  if (state === "exited") program.status = frame.ebx & 0xff;
  if (state !== "trapped") return;
  program.vector = frame.vector;
  program.error = frame.error;
  program.eip = frame.eip;
  program.address = frame.vector === PF ? cpu.w[CR2]! : 0;
}

/** The current program's process goes. Allocator lock held. */
export function freeProgram(cpu: Cpu): void {
  const program = currentProgram(cpu);
  new Programs(cpu, HOST).live--;
  program.thread = 0;
  if (program.wanted > 0) awaitOneLess(cpu);
}

/** How a program stands, or how it ended. */
export interface ProgramOutcome {
  state: ProgramState;
  /** What it said at its end; 0 is well. */
  status: number;
  /** How often it has yielded. */
  rounds: number;
  /** The trap that ended it, in words; empty if none did. */
  trap: string;
}

/** Every program that the Host was to run, in order. */
export function loadOutcome(machine: Machine): ProgramOutcome[] {
  const memory = hostMemory(machine);
  const { wanted } = new Programs(memory, HOST);
  const length = Math.min(wanted, PROGRAMS_MAX);
  return Array.from({ length }, (_, n) => {
    const program = new Program(memory, programAt(n));
    const { status, rounds, vector, error, eip, address } = program;
    const state = programStates[program.state] ?? "told";
    const trap = state !== "trapped" ? "" :
      `trap ${vector} (0x${error.toString(16)}) at 0x${hex32(eip)}` +
      (vector === PF ? `, address 0x${hex32(address)}` : "");
    return { state, status, rounds, trap };
  });
}
