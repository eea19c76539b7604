// Woven from chapters/812-metal.md.
import {
  ACTIVITY, BASE, counted, CS, EIP, hex32, Pc, SEGMENTS, SELECTOR, SHUTDOWN,
  USUAL_MEMORY,
} from "../machine";
import type { Cpu, Machine, MachineOptions, Schedule } from "../machine";
import { UserError } from "./error";
import { InputGate } from "./gate";
import { leavingStatus, optionsOf, untilOver } from "./pieces";
import type { Leaving, RunPiece, PieceEnd, Pieces } from "./pieces";
import { carryOut } from "./plan";
import type { LoadPlan, Module } from "./plan";
import { checkRom, planKernel } from "./plan-kernel";
import { newMachine } from "./session";
import type { TlbOptions } from "./tlb";

/** What a bare machine has, and what is on it. */
export interface MetalOptions {
  /** Default 1. */
  readonly cpus?: number;
  /** Bytes of RAM, at least 1 MiB; default 16 MiB. */
  readonly memory?: number;
  readonly seed?: number;
  readonly tlb?: TlbOptions;
  readonly schedule?: Schedule;
  /** Seconds since 1970 that the clock shows when it starts. */
  readonly date?: number;
  readonly postPort?: number;
  /** A reset restarts the machine, and doesn't end the run. */
  readonly reboot?: boolean;
  readonly kernel?: Uint8Array;
  /** A string of bytes; default "kernel". */
  readonly kernelName?: string;
  readonly rom?: Uint8Array;
  readonly initrd?: Uint8Array;
  readonly modules?: readonly Module[];
  /** A string of bytes. */
  readonly commandLine?: string;
}

/** Where a bare machine's words go. */
export interface MetalSinks {
  /** Takes a byte from COM1 or the debug console. */
  readonly print: (byte: number) => void;
  /** Takes a progress code. */
  readonly post?: (code: number) => void;
}

/** A bare machine under way. */
export interface MetalSession {
  readonly machine: Machine;
  readonly machineOptions: MachineOptions;
  readonly options: MetalOptions;
  readonly pc: Pc;
  readonly gate: InputGate;
  readonly plan: LoadPlan | undefined;
}

/** A bare machine, loaded and ready; UserError if it can't be. */
export function bootMetal(
  wanted: MetalOptions = {}, sinks: MetalSinks = { print: () => {} },
): MetalSession {
  const { kernel, rom, memory = USUAL_MEMORY, initrd } = wanted;
  const options = { ...wanted, memory };
  const { commandLine = "", modules = [], kernelName: name } = options;
  if (rom) checkRom(rom);
  const plan = kernel && planKernel(kernel,
    { memory, commandLine, modules, ...(initrd && { initrd }),
      ...(name !== undefined && { name }) });
  const session = buildMetal(options, sinks, plan);
  if (rom) session.machine.writeRom(rom);
  begin(session);
  return session;
}

/** A machine that nothing is on yet. */
export function buildMetal(
  options: MetalOptions, sinks: MetalSinks, plan: LoadPlan | undefined,
  machineOptions = machineOf(options),
): MetalSession {
  const machine = newMachine(machineOptions);
  const { date, postPort } = options, { print, post } = sinks;
  const pc = new Pc(machine, { serial: print, debug: print,
    ...(date !== undefined && { date }),
    ...(postPort !== undefined && { postPort }), ...(post && { post }) });
  const { serial } = pc;
  const gate = new InputGate(machine, { source: "com1", count: 1,
    room: () => serial.room, listens: () => true,
    type: (_, bytes) => serial.receive(bytes) });
  return { machine, machineOptions, options, pc, gate, plan };
}

const machineOf = (options: MetalOptions): MachineOptions => ({
  cpus: options.cpus ?? 1, seed: options.seed ?? 1,
  memory: options.memory, rom: options.rom?.length ?? 0, ...options.tlb,
});

/** The state from which a machine starts, at power-on and at a reset. */
function begin({ machine, pc, plan }: MetalSession): void {
  if (machine.layout.romSize) pc.reset();
  else pc.initialize();
  if (plan) carryOut(plan, machine);
}

/** How a bare machine's run ended. */
export interface MetalEnd {
  /** The exit status, 0 to 255. */
  readonly status: number;
  readonly sentence: string;
  readonly instructions: number;
}

function ended(
  { machine }: MetalSession, status: number, what: string,
): MetalEnd {
  const instructions = machine.count;
  return { status, instructions,
    sentence: `the machine ${what} after ` +
      counted(instructions, "instruction") };
}

function tripleFault(session: MetalSession): MetalEnd {
  const cpu = session.machine.cpus
    .find((one) => one.w[ACTIVITY] === SHUTDOWN);
  const at = cpu ? addressOf(cpu) : "an unknown address";
  return ended(session, 1, `triple-faulted at ${at}`);
}

function addressOf(cpu: Cpu): string {
  const { w, id } = cpu, cs = SEGMENTS + 4 * CS;
  const selector = hex32(w[cs + SELECTOR]!).slice(4);
  const linear = (w[cs + BASE]! + w[EIP]!) >>> 0;
  return `${selector}:${hex32(w[EIP]!)} (linear ${hex32(linear)}) ` +
    `of CPU ${id}`;
}

/** How a bare machine's CPUs take turns, if nobody says otherwise. */
export const TURNS: Schedule = { kind: "round-robin", quantum: 997 };

/** Runs a piece. */
export function runPiece(
  session: MetalSession, piece: RunPiece,
): PieceEnd<MetalEnd> {
  const { machine, options: { schedule = TURNS } } = session;
  const { reason } =
    machine.run({ ...optionsOf(machine, piece), schedule });
  return judgeMetal(session, reason, piece.limit);
}
/** What it means that a machine stopped; a reset may restart it. */
export function judgeMetal(
  session: MetalSession, why: string, limit: number,
): PieceEnd<MetalEnd> {
  const { machine, pc, plan, options } = session;
  if (why === "shutdown") return tripleFault(session);
  if (why === "idle") return "idle";
  if (why === "halted") {
    return inputCanWake(session) ? "waits" : haltedForGood(session);
  }
  const request = pc.takeRequest();
  if (request?.kind === "exit") {
    const { status } = request;
    return ended(session, status,
      `was ended with status ${status} by the exit device`);
  }
  if (request?.kind === "reset") {
    const loaded = machine.layout.romSize || plan || !options.kernel;
    if (!options.reboot || !loaded) return ended(session, 0, "was reset");
    begin(session);
  }
  if (machine.count < limit) return "more";
  return ended(session, 4, "still ran when the budget was spent,");
}
/** The end of a machine that nothing can wake. */
export function haltedForGood(session: MetalSession): MetalEnd {
  return ended(session, 0, "halted, and nothing can wake it,");
}

/** The end of a machine that somebody has left. */
function leftMetal({ machine }: MetalSession, how: Leaving): MetalEnd {
  const instructions = machine.count;
  return { status: leavingStatus[how], instructions,
    sentence: `${how === "left" ? "you left the machine"
      : "the terminal was closed"} after ` +
      counted(instructions, "instruction") };
}

/** A bare machine, to be run in pieces. */
export function metalPieces(session: MetalSession): Pieces<MetalEnd> {
  const { machine, gate } = session;
  return { machine, gate, run: (piece) => runPiece(session, piece),
    halted: () => haltedForGood(session),
    left: (how) => leftMetal(session, how) };
}

/** Whether a byte on COM1 would wake a CPU that has halted. */
export function inputCanWake({ pc }: MetalSession): boolean {
  return pc.serial.wouldInterrupt();
}
/** Runs to the end, or until `limit` instructions have retired. Nobody
 * types anything. */
export function runMetal(
  session: MetalSession, limit = Infinity, watch?: (cpu: Cpu) => void,
): MetalEnd {
  if (!session?.pc)
    throw new TypeError("runMetal takes what bootMetal() gives");
  return untilOver(metalPieces(session), { limit, watch });
}
