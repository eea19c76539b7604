// Mistakes that a second back end could make, planted in a machine of the
// first: the driver has to find each.
import {
  type Builder, type Cpu, EIP, Fault, FLAGS_ADD, FLAGS_RESULT, Machine,
  type MachineOptions, PF, runnerOf, TLB_HEAD, TLBS, ZF,
} from "../../src/machine";
import type { Build } from "./pair";

/** What makes instructions happen on a CPU. */
const builderOf = (cpu: Cpu) =>
  (runnerOf(cpu) as unknown as { builder: Builder<number> }).builder;

const planted = (spoil: (cpu: Cpu, machine: Machine) => void): Build =>
  (options: MachineOptions) => {
    const machine = new Machine({ ...options, interpreter: "plain" });
    machine.cpus.forEach(runnerOf);
    for (const cpu of machine.cpus) spoil(cpu, machine);
    return machine;
  };

/** A fast table that ignores whoever wants to take something out. */
const neverEmptied = (table: Int32Array) => new Proxy(table, {
  get: (_, name) => name === "fill" ? () => table
    : Reflect.get(table, name) as unknown,
  set: (_, name, value) => value === 0 || Reflect.set(table, name, value),
});

/** Each by what is wrong. */
export const bugs: Record<string, Build> = {
  "adc of bytes forgets the carry": planted((cpu) => {
    const builder = builderOf(cpu), { flags } = builder;
    builder.flags = (kind, size, result, operand, carry) =>
      flags.call(builder, kind, size, result, operand,
        kind === FLAGS_ADD && size === 1 ? 0 : carry);
  }),
  "a shift leaves ZF where only the lazy words show it": planted((cpu) => {
    const builder = builderOf(cpu), { flags } = builder;
    builder.flags = (kind, size, result, operand, carry) =>
      flags.call(builder, kind, size, result, operand,
        kind === FLAGS_RESULT ? carry | ZF : carry);
  }),
  "a store over two lines drops the code of one": planted((_, machine) => {
    const { dropCode } = machine;
    machine.dropCode = (physical, length) =>
      dropCode(physical, Math.min(length, 64 - (physical & 63)));
  }),
  "code that is written to is never dropped": planted((_, machine) => {
    machine.dropCode = () => {};
  }),
  "now and then the code TLB isn't filled": planted((cpu) => {
    const { codeAddress } = cpu, { w } = cpu;
    const from = TLBS + TLB_HEAD + 8 * cpu.board.layout.dataTlb;
    cpu.codeAddress = (linear) => {
      const head = w[TLBS + 1], old = w.slice(from);
      const found = codeAddress.call(cpu, linear);
      if (w[TLBS + 1] !== head && linear >>> 12 === 0x41) {
        w[TLBS + 1] = head!;
        w.set(old, from);
      }
      return found;
    };
  }),
  "the code's fast table keeps what its TLB has lost": planted((cpu) =>
    Object.assign(cpu, { fastCode: neverEmptied(cpu.fastCode) })),
  "the data's fast table keeps what its TLB has lost": planted((cpu) =>
    Object.assign(cpu, { fast: neverEmptied(cpu.fast) })),
  "stores go on fast to a page that has become code": planted((cpu) => {
    cpu.markCode = (frame) => void (cpu.board.codePages[frame] = 1);
  }),
  "nobody notes that a REP goes on": planted((cpu) => {
    builderOf(cpu).here = () => cpu.w[EIP]!;
  }),
  "a read across pages faults at the first": planted((cpu) => {
    const { loadPages } = cpu;
    cpu.loadPages = (linear, size, user) => {
      try {
        return loadPages.call(cpu, linear, size, user);
      } catch (fault) {
        if (!(fault instanceof Fault) || fault.vector !== PF) throw fault;
        throw new Fault(PF, fault.error, linear >>> 0);
      }
    };
  }),
  "events come an instruction late": planted((cpu) => {
    const runner = runnerOf(cpu), { run } = runner;
    runner.run = (most, deadline) => run.call(runner, most, deadline + 1);
  }),
};
