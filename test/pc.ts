// A PC for tests of its devices, which are told and asked at their ports.
import {
  ATTEND_INTR, ATTENTION, CLOCK, EIP, Machine, Pc,
} from "../src/machine";
import type { MachineOptions, PcOptions } from "../src/machine";

/** A PC to poke at; its CPU goes round at 0x1000 with interrupts off. Time
 * passes tick by tick, or all at once. */
export function pc(
  options: PcOptions = {}, how: Partial<MachineOptions> = {},
) {
  const machine = new Machine({ memory: 0x200000, ...how });
  const device = new Pc(machine, options);
  const cpu = machine.cpus[0]!;
  machine.writeRam(0x1000, Uint8Array.of(0xeb, 0xfe));
  cpu.w[EIP] = 0x1000;
  const out = (port: number, value: number, size = 1) =>
    machine.writePort(port, size, value);
  const read = (port: number, size = 1) => machine.readPort(port, size);
  /** A register of the MC146818, and how it is written. */
  const cmos = (i: number) => {
    out(0x70, i);
    return read(0x71);
  };
  const setCmos = (i: number, value: number) => {
    out(0x70, i);
    out(0x71, value);
  };
  const pass = (ticks: number) =>
    void machine.run({ maxInstructions: ticks });
  /** Machine time is another, and nothing has run. */
  const at = (tick: number) => { cpu.d[CLOCK] = tick; };
  const wait = (ticks: number) => at(cpu.d[CLOCK]! + ticks);
  const later = (ticks: number) => {
    wait(ticks - 1);
    pass(1);
  };
  const intr = () => (cpu.w[ATTENTION]! & ATTEND_INTR) !== 0;
  const ack = () => machine.interruptController!.acknowledge();
  return { machine, pc: device, cpu, out, read, cmos, setCmos, pass, at, wait,
    later, intr, ack };
}

/** Initializes both 8259: vectors 0x20 and 0x28, all inputs open. */
export function openPics(out: (port: number, value: number) => void, icw4 = 1) {
  for (const [port, vector, wire] of [[0x20, 0x20, 4], [0xa0, 0x28, 2]]) {
    out(port!, 0x11);
    out(port! + 1, vector!);
    out(port! + 1, wire!);
    out(port! + 1, icw4);
    out(port! + 1, 0);
  }
}
