// Our machine as a judge: the same ROM, the same cases in memory, and a
// device that catches the log.

import { Machine, NOT_READ, NOT_WRITTEN } from "../../src/machine";
import { packCases, readLog, runAll } from "./case";
import type { Outcomes, PrivilegedCase } from "./case";
import type { Counting } from "./drive";
import { makeRom } from "./kernel";
import { BEGIN_PORT, CASES, LOG_PORT, MEMORY, ROM } from "./layout";

/** Instructions of the kernel between the mark at a case's beginning and
 * its first instruction, and behind its last one before the mark. */
const OVERHEAD = 22, MOST = 32;
/** In so many of them each case ends, or never. */
const PATIENCE = 1_000_000;

/** Our machine. */
export class OurMachine implements Counting {
  readonly name = "ours";
  /** What each case of the last run has executed: instructions, and not
   * more of them than MOST, since what runs wild counts for little. */
  executed: number[] = [];

  run(cases: readonly PrivilegedCase[]): Promise<Outcomes> {
    this.executed = [];
    return runAll(cases, some => this.#start(some));
  }

  #start(cases: readonly PrivilegedCase[]): Outcomes {
    const packed = packCases(cases);
    const machine = new Machine({ memory: MEMORY, rom: 0x10000 });
    machine.setWindow(0xc0000, ROM - 0xc0000, NOT_READ | NOT_WRITTEN);
    machine.setWindow(ROM, 0x10000, NOT_READ | NOT_WRITTEN);
    machine.writeRom(makeRom());
    machine.writeRam(CASES, packed);
    const log: number[] = [], { executed } = this;
    machine.addDevice({
      name: "log", ports: { from: LOG_PORT, length: 1 },
      readPort: () => LOG_PORT,
      writePort: (_offset, _size, value) => { log.push(value & 0xff); },
    });
    let begin = -1;
    machine.addDevice({
      name: "mark", ports: { from: BEGIN_PORT, length: 2 },
      readPort: () => 0xff,
      writePort: (offset) => {
        const { retired } = machine.cpus[0]!;
        if (offset === 0)
          executed.push(1);
        else if (begin >= 0)
          executed[executed.length - 1] = Math.min(MOST,
            Math.max(1, retired - begin - OVERHEAD));
        begin = offset > 0 ? -1 : retired;
      },
    });
    const most = executed.length + cases.length;
    this.#run(machine, most, () => executed.length);
    return readLog(new Uint8Array(log), cases.length);
  }

  /** Runs until the kernel halts, or nothing has begun for long, or more has
   * than there is: a case can jump anywhere. */
  #run(machine: Machine, most: number, begun: () => number): void {
    const [cpu] = machine.cpus;
    machine.resetCpu(cpu!, "vector");
    let cases = 0, since = machine.count;
    while (machine.count < since + PATIENCE && begun() <= most) {
      const { reason } = machine.run({ maxInstructions: PATIENCE });
      if (reason === "halted")
        return;
      if (reason === "shutdown")
        machine.resetCpu(cpu!, "vector");
      if (begun() > cases) {
        cases = begun();
        since = machine.count;
      }
    }
  }
}
