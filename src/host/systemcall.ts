// Woven from chapters/660-load.md, 662-trouble.md.
// System calls: what a program in ring 3 can ask for.
import { AC_FAULT, BR, DB, DE, EAX, GP, MF, NM, NP, PF, SS_FAULT, TS, UD }
  from "../machine";
import type { Cpu } from "../machine";
import { setAlarm } from "./alarms";
import { get, layoutEquates, put } from "./layout";
import type { HostCallRow } from "./module";
import { currentFrame, currentProgram, endProgram } from "./program";
import { programLayout, programStates, programsLayout } from "./programs";
import { HOST, Shared, thisCpu } from "./structures";
import { THREAD_SLEEPS, Thread, currentThread } from "./threads";
import { readUser, writeUser32 } from "./user";

/** The vector of system calls. */
const SYSTEM_CALL = 0x80;

/** The privilege that `int` needs for a vector. */
export function gateDpl(vector: number): number {
  return vector === SYSTEM_CALL ? 3 : 0;
}

/** Linux's numbers. */
const systemCalls: Readonly<Record<number, string>> = {
  1: "sys_exit", 20: "sys_getpid", 128: "load_module",
  129: "unload_module", 158: "sys_sched_yield", 162: "sys_nanosleep",
  241: "sys_sched_setaffinity", 318: "sys_getcpu",
};

/** The table by which assembly finds them. */
const systemCallCount = Math.max(...Object.keys(systemCalls).map(Number)) + 1;
export const systemCallTable = ".balign 4, 0xcc\nsystem_calls:\n" +
  Array.from({ length: systemCallCount }, (_, number) =>
    `.long ${systemCalls[number] ?? "sys_unknown"}\n`).join("");

/** What a program's traps lead to. */
export const programVectors: Readonly<Record<number, string>> = {
  [SYSTEM_CALL]: "system_call",
  ...Object.fromEntries([DE, BR, UD, NM, TS, NP, SS_FAULT, GP, PF, MF,
    AC_FAULT].map((vector) => [vector, "program_fault"])),
  [DB]: "debug_trap",
};

/** What assembly has to know of programs. */
export const programEquates = `.equ SYSTEM_CALLS, ${systemCallCount}\n` +
  [programsLayout, programLayout].map(layoutEquates).join("") +
  programStates.map((state, number) =>
    `.equ PROGRAM_${state.toUpperCase()}, ${number}\n`).join("");

const ESRCH = 3, EFAULT = 14, EINVAL = 22;

/** getcpu(cpu, node): on which CPU we are, and on which node. */
function getcpu(cpu: Cpu): number {
  const { ebx, ecx } = currentFrame(cpu);
  const good = (at: number, value: number) =>
    at === 0 || writeUser32(cpu, at, value);
  return good(ebx, thisCpu(cpu).number) && good(ecx, 0) ? 0 : -EFAULT;
}

/** sched_yield(): the rest of the slice is given up. A round is over. */
function schedYield(cpu: Cpu): number {
  const me = thisCpu(cpu);
  me.slice_end = me.now;
  currentProgram(cpu).rounds++;
  return 0;
}

/** nanosleep(request, remaining): until at least so much later. */
function nanosleep(cpu: Cpu): number {
  const { ebx } = currentFrame(cpu);
  const seconds = readUser(cpu, ebx, 4);
  const nanoseconds = readUser(cpu, ebx + 4, 4);
  if (seconds === undefined || nanoseconds === undefined) return -EFAULT;
  if (seconds >= 2 ** 31 || nanoseconds >= 1e9) return -EINVAL;
  const { ticksPerSecond } = cpu.board.layout;
  const ticks = (seconds + nanoseconds / 1e9) * ticksPerSecond;
  setAlarm(cpu, thisCpu(cpu).now + Math.ceil(ticks));
  put(cpu, currentThread(cpu), Thread.state, THREAD_SLEEPS);
  return 0;
}

/** sched_setaffinity(pid, length, mask): where we may run. */
function schedSetaffinity(cpu: Cpu): number {
  const { ebx, ecx, edx } = currentFrame(cpu);
  const mask = readUser(cpu, edx, Math.min(ecx, 4));
  if (mask === undefined) return -EFAULT;
  if (ebx !== 0 && ebx !== currentProgram(cpu).pid) return -ESRCH;
  const online = (1 << get(cpu, HOST, Shared.cpus_online)) - 1;
  if ((mask & online) === 0) return -EINVAL;
  put(cpu, currentThread(cpu), Thread.allowed, mask & online);
  return 0;
}

const answer = (call: (cpu: Cpu) => number) => (cpu: Cpu) => {
  cpu.w[EAX] = call(cpu);
};

/** Host calls for programs. */
export const programCalls: readonly HostCallRow[] = [
  { name: "getcpu", cost: 20, run: answer(getcpu) },
  { name: "sched_yield", cost: 20, run: answer(schedYield) },
  { name: "nanosleep", cost: 40, run: answer(nanosleep) },
  { name: "sched_setaffinity", cost: 40, run: answer(schedSetaffinity) },
  { name: "end_program", cost: 40, run: endProgram },
];
