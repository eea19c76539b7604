// What the programs do, counted on the first machine while it does it.
import {
  ACTIVITY, BASE, type Builder, CPL, CR0, CR0_AM, CR0_WP, CR4, CR4_PGE, CS,
  type Cpu, DF_FLAG, DR, DS, EIP, ESP, HALTED, type Machine, PTE_P,
  runnerOf, SEGMENTS, semanticsById, SS, SYSTEM_FLAGS, TF,
} from "../../src/machine";
import type { Semantics } from "../../src/machine/instructions/semantics/operands";
import { forms, type Insn } from "../../src/table";
import { CODE } from "./layout";

const add = (counts: Map<string, number>, name: string, n = 1) =>
  void counts.set(name, (counts.get(name) ?? 0) + n);

export class Coverage {
  /** Executions by form. */
  readonly forms = new Float64Array(forms.length);
  /** Instructions with some property, and events, by name. */
  readonly counts = new Map<string, number>();
  readonly vectors = new Map<number, number>();
  readonly themes = new Map<string, number>();
  programs = 0;
  instructions = 0;
  shutdowns = 0;
  #machine: Machine | undefined;
  readonly #rings = new Map<Cpu, number>();
  readonly #properties = new Float64Array(properties.length);

  /** From now on all semantics are counted, on the machine watched. */
  install(): void {
    const all = semanticsById as Semantics[];
    all.forEach((run, id) => {
      all[id] = (b, i) => {
        const { cpu } = b as Builder & { cpu?: Cpu };
        if (cpu && cpu.board === this.#machine) this.#count(cpu, id, i);
        run(b, i);
      };
    });
  }

  /** Watches another machine. */
  watch(machine: Machine): void {
    this.#machine = machine;
    this.#rings.clear();
    const { counts, vectors } = this;
    // What makes CPUs execute sets dropCode.
    machine.cpus.forEach(runnerOf);
    const { dropCode, codePages } = machine;
    machine.dropCode = (physical, length) => {
      if (codePages[physical >>> 12]) add(counts, "stores into code pages");
      dropCode(physical, length);
    };
    machine.events.on((event) => {
      add(counts, `event ${event.kind}`);
      const { vector } = event as { vector?: number };
      if (event.kind !== "exception" || vector === undefined) return;
      vectors.set(vector, (vectors.get(vector) ?? 0) + 1);
      const { error } = event as { error?: number };
      if (vector === 14) add(counts, error! & PTE_P
        ? "page faults by rights" : "page faults of absent pages");
    });
    for (const cpu of machine.cpus) this.#watchAccesses(cpu);
  }

  #watchAccesses(cpu: Cpu): void {
    const { counts } = this, { loadPages, storePages } = cpu;
    const note = (linear: number, size: number, what: string) => {
      if ((linear & 0xfff) + size > 0x1000)
        add(counts, `${what} across pages`);
    };
    cpu.loadPages = (linear, size, user) => {
      note(linear, size, "loads");
      return loadPages.call(cpu, linear, size, user);
    };
    cpu.storePages = (linear, size, value, user) => {
      note(linear, size, "stores");
      storePages.call(cpu, linear, size, value, user);
    };
  }

  #count(cpu: Cpu, id: number, i: Insn): void {
    this.forms[id]!++;
    const { w } = cpu;
    for (let n = 0; n < properties.length; n++)
      if (properties[n]![1](w, i, cpu)) this.#properties[n]!++;
    if (this.#rings.get(cpu) === w[CPL]) return;
    this.#rings.set(cpu, w[CPL]!);
    add(this.counts, "ring changes");
  }

  /** How often a property held. */
  *properties(): Iterable<readonly [string, number]> {
    for (const [n, [name]] of properties.entries())
      yield [name, this.#properties[n]!];
  }
}

const segment = (s: number) => SEGMENTS + 4 * s;
const pageOf = (w: Int32Array) => (w[segment(CS) + BASE]! + w[EIP]!) & 0xfff;

type Property = readonly [string,
  (w: Int32Array, i: Insn, cpu: Cpu) => boolean];
const properties: readonly Property[] = [
  ["in the program", (w) => w[EIP]! >>> 0 >= CODE ||
    w[segment(CS) + BASE] !== 0],
  ["ring 0", (w) => w[CPL] === 0],
  ["ring 1", (w) => w[CPL] === 1],
  ["ring 3", (w) => w[CPL] === 3],
  ["16-bit code", (_, _i, cpu) => !cpu.code32],
  ["16-bit stack", (_, _i, cpu) => !cpu.stack32],
  ["16-bit operands in 32-bit code", (_, i, cpu) =>
    cpu.code32 && i.operandSize === 2],
  ["16-bit addresses in 32-bit code", (_, i, cpu) =>
    cpu.code32 && i.isMemory && i.addressSize === 2],
  ["DS with a base", (w) => w[segment(DS) + BASE] !== 0],
  ["SS with a base", (w) => w[segment(SS) + BASE] !== 0],
  ["through FS or GS", (_, i) => i.isMemory && i.segment >= 4],
  ["LOCKed", (_, i) => i.lock],
  ["iterations of REP upwards", (w, i) => i.rep !== 0 &&
    i.form.rep !== "" && !(w[SYSTEM_FLAGS]! & DF_FLAG)],
  ["iterations of REP downwards", (w, i) => i.rep !== 0 &&
    i.form.rep !== "" && (w[SYSTEM_FLAGS]! & DF_FLAG) !== 0],
  ["REP with a count of 0", (w, i) => i.rep !== 0 && i.form.rep !== "" &&
    w[1] === 0],
  ["across two pages", (w, i) => pageOf(w) + i.length > 0x1000],
  ["across two lines", (w, i) => (pageOf(w) & 63) + i.length > 64],
  ["at a high alias", (w) => w[EIP]! >>> 0 >= 0x400000],
  ["stack on a page with code", (w, _, cpu) =>
    cpu.board.codePages[w[ESP]! >>> 12] !== 0],
  ["with TF", (w) => (w[SYSTEM_FLAGS]! & TF) !== 0],
  ["with breakpoints", (w) => (w[DR + 7]! & 0xff) !== 0],
  ["with alignment checks", (_, _i, cpu) => cpu.aligned],
  ["CR0.WP set, ring 0", (w) => w[CPL] === 0 && (w[CR0]! & CR0_WP) !== 0],
  ["CR0.AM set", (w) => (w[CR0]! & CR0_AM) !== 0],
  ["CR4.PGE set", (w) => (w[CR4]! & CR4_PGE) !== 0],
  ["while another CPU runs", (_, _i, cpu) => cpu.peers.some((other) =>
    other !== cpu && other.w[ACTIVITY] !== HALTED)],
  ["shifts by 0", (w, i) => /^(sh|sa|ro|rc)/.test(i.form.semantic) &&
    (i.form.opcode.startsWith("D") ? (w[1]! & 31) === 0
      && i.form.operands[1]?.kind !== "one" : i.immediate === 0)],
];
