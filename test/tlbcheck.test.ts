// A check of each use of a TLB's entry: what is stale and what isn't, and
// that the run under a check is the run.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assemble } from "../src/assembler";
import { checkTlb, staleText } from "../src/debug";
import type { StaleUse } from "../src/debug";
import {
  boot, bootMetal, loadMetal, loadSession, MiB, run, saveMetal, saveSession,
  stateSum, typedTlb,
} from "../src/launcher";
import {
  DS, EAX, EBX, EIP, ESP, Fault, invalidatePage, Machine, quietWalk,
  walkQuietly, writeControl,
} from "../src/machine";
import type { Cpu, MachineOptions } from "../src/machine";
import { busy } from "./busy";

const DIRECTORY = 0x1000, TABLE = 0x2000;
/** Present, writable, user, dirty; large, global. */
const P = 1, W = 2, U = 4, D = 0x40, LARGE = 0x80, G = 0x100;

/** One CPU, the first 4 MiB mapped one to one, PSE, PGE and WP on. */
function paged(options: MachineOptions = {}): Machine {
  const machine = new Machine({ memory: 8 * MiB, ...options });
  const cpu = machine.cpus[0]!;
  put(machine, DIRECTORY, TABLE | P | W | U);
  for (let n = 0; n < 1024; n++) map(machine, n, (n << 12) | P | W | U);
  writeControl(cpu, 3, DIRECTORY);
  writeControl(cpu, 4, 0x90);
  writeControl(cpu, 0, 0x80010011 | 0);
  return machine;
}

function put(machine: Machine, at: number, word: number): void {
  machine.writeRam(at, new Uint8Array(Int32Array.of(word).buffer));
}

const map = (machine: Machine, page: number, entry: number) =>
  put(machine, TABLE + 4 * page, entry);

const AT = 0x9010, PAGE = AT >>> 12;
type Access = "fetch" | "load" | "store";

function access(cpu: Cpu, what: Access, supervisor: boolean): void {
  try {
    if (what === "fetch") cpu.translate(AT, false, !supervisor, true);
    else if (what === "load") cpu.translate(AT, false, !supervisor, false);
    else cpu.translate(AT, true, !supervisor, false);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
  }
}

test("each use is judged by what it does, and by what the tables say", () => {
  const here = AT & -4096, usual = here | P | W | U;
  const other = (m: Machine) => put(m, 0x3000, TABLE | P | W | U);
  const large = (entry: number) => (m: Machine) => put(m, DIRECTORY, entry);
  const is = (entry: number) => (m: Machine) => map(m, PAGE, entry);
  const rows: [before: number, Access, "s" | "u", (m: Machine) => void,
    string | undefined][] = [
    [usual, "load", "s", () => {}, undefined],
    [usual, "store", "u", is(usual | D | 0x20 | 0xe00), undefined],
    [usual, "load", "s", is(0), "gone, changed"],
    [usual, "fetch", "u", is(usual & ~P), "gone, changed"],
    [usual, "store", "s", is(usual + 0x1000), "moved, changed"],
    [usual, "fetch", "s", is(usual + 0x1000), "moved, changed"],
    [usual, "store", "s", is(usual & ~W), "forbidden, changed"],
    [usual, "load", "s", is(usual & ~W), "unlike, changed"],
    [usual, "load", "u", is(usual & ~U), "forbidden, changed"],
    [usual, "fetch", "u", is(usual & ~U), "forbidden, changed"],
    [usual, "load", "s", is(usual & ~U), "unlike, changed"],
    [usual, "load", "s", is(usual | G), "unlike, changed"],
    [usual, "load", "s", is(usual), undefined],
    [usual, "store", "s", is(usual), "unlike, changed"],
    [usual & ~W, "store", "s", is(usual), "spurious, changed"],
    [usual & ~U, "load", "u", is(usual), "spurious, changed"],
    [usual & ~U, "load", "u", is(usual & ~U), undefined],
    [usual & ~U, "load", "u", is(0), undefined],
    [usual, "load", "s", large(P | W | U | LARGE), "unlike, changed"],
    [usual, "load", "s", large(0x400000 | P | W | LARGE), "moved, changed"],
    [usual, "load", "s", large(0), "gone, changed"],
    [usual, "load", "s", large(P | W | LARGE | 0x2000), "gone, changed"],
    [usual, "load", "s", (m) => {
      other(m);
      writeControl(m.cpus[0]!, 3, 0x3000);
    }, undefined],
    [usual | G, "load", "s", (m) => {
      other(m);
      writeControl(m.cpus[0]!, 3, 0x3000);
    }, undefined],
    [usual | G, "load", "s", (m) => {
      put(m, 0x3000, 0);
      writeControl(m.cpus[0]!, 3, 0x3000);
    }, "gone, kept"],
    [usual | G, "load", "s", (m) => {
      is(0)(m);
      invalidatePage(m.cpus[0]!, AT);
    }, undefined],
  ];
  for (const [n, [before, what, ring, change, verdict]] of rows.entries()) {
    const machine = paged(), cpu = machine.cpus[0]!;
    map(machine, PAGE, before);
    access(cpu, "store", true);
    access(cpu, "load", true);
    access(cpu, "fetch", true);
    change(machine);
    for (const legal of [false, true]) {
      const uses: StaleUse[] = [];
      const stop = checkTlb(machine, (use) => uses.push(use), { legal });
      if (legal || !/spurious/.test(verdict ?? ""))
        access(cpu, what, ring === "s");
      stop();
      const harmless = /spurious|unlike/.test(verdict ?? "");
      const told = verdict !== undefined && (legal || !harmless);
      assert.equal(uses.map((use) =>
        `${use.access}: ${use.why}, ${use.cause}`),
      told ? [`${what}: ${verdict}`] : [], `row ${n}`);
    }
  }
});

test("a clean page's entry is no reason to believe it", () => {
  const machine = paged(), cpu = machine.cpus[0]!, uses: StaleUse[] = [];
  cpu.load(DS, AT, 4);
  checkTlb(machine, (use) => uses.push(use), { legal: true });
  map(machine, PAGE, 0xa000 | P | W | U);
  cpu.store(DS, AT, 4, 7);
  assert.equal(uses, []);
  assert.is(cpu.readPhysical(0xa010, 4), 7);
});

test("a quiet walk says what a walk would, and leaves no trace", () => {
  const machine = paged(), cpu = machine.cpus[0]!;
  const entry = (at: number) => cpu.readPhysical(at, 4);
  map(machine, 9, 0xa000 | P | U | G | D);
  assert.is(quietWalk(cpu, 0x9123), 0xa000 | P | U | G | D);
  put(machine, DIRECTORY, TABLE | P | W);
  assert.is(quietWalk(cpu, 0x9123), 0xa000 | P | G | D);
  assert.is(entry(TABLE + 36) & 0x20, 0);
  assert.is(entry(DIRECTORY) & 0x20, 0);
  put(machine, DIRECTORY, 0xff800000 | P | W | LARGE);
  assert.is(quietWalk(cpu, 0x9123), 0xff800000 | P | W | LARGE);
  assert.is(walkQuietly(cpu, 0x9123), 0xff809123);
  put(machine, DIRECTORY, 0x801000 | P | W | LARGE);
  assert.is(quietWalk(cpu, 0x9123), 0);
  assert.is(walkQuietly(cpu, 0x9123), undefined);
  put(machine, DIRECTORY, 0xfee00000 | P);
  assert.is(quietWalk(cpu, 0x9123), 0);
  writeControl(cpu, 4, 0);
  put(machine, DIRECTORY, TABLE | P | W | U);
  assert.is(quietWalk(cpu, 0x9123), 0xa000 | P | U | D);
});

/** A machine with paging whose CPU begins at this program, in page 4. */
function running(text: string, options: MachineOptions = {}): Machine {
  const machine = paged(options), cpu = machine.cpus[0]!;
  const { bytes } = assemble(text, { origin: 0x4000 });
  machine.writeRam(0x4000, bytes);
  cpu.w[EIP] = 0x4000;
  cpu.w[ESP] = 0x9800;
  return machine;
}

function told(machine: Machine, instructions: number): StaleUse[] {
  const uses: StaleUse[] = [];
  const stop = checkTlb(machine, (use) => uses.push(use));
  machine.run({ maxInstructions: instructions });
  stop();
  return uses;
}

test("a fetch is checked at each instruction, within one page, too", () => {
  const machine = running(`
        mov ${TABLE} + 16, %ebx         # our own page
    1:  mov %ebx, ${TABLE} + 16
        inc %eax
        nop
        jmp 1b
  `), cpu = machine.cpus[0]!;
  // Everything is decoded, and known to both fast tables.
  machine.run({ maxInstructions: 31 });
  assert.equal(told(machine, 10), []);
  cpu.w[EBX] = 0;
  const [use, ...more] = told(machine, 10);
  assert.equal(more, []);
  const { access, why, cause, linear, eip, ring, cs, retired } = use!;
  assert.equal({ access, why, cause, linear, eip, ring, cs, retired },
    { access: "fetch", why: "gone", cause: "changed", linear: 0x400c,
      eip: 0x400c, ring: 0, cs: 8, retired: 42 });
  assert.is(use!.count, 42);
  assert.equal(use!.tables, undefined);
  assert.equal([use!.entry.linear, use!.entry.frame, use!.entry.when],
    [0x4000, 0x4000, 0]);
});

test("an instruction across two pages is two fetches", () => {
  const machine = running(`
        jmp 2f
        .fill 0x1000 - 5 - 3, 1, 0x90
    2:  movl $0x12345678, %eax
        movl $0x6000 + 7, ${TABLE} + 20
        movl $9, %ecx
        jmp 2b
  `);
  const [use, ...more] = told(machine, 5);
  assert.equal([use!.linear, use!.eip, use!.why, more.length],
    [0x500c, 0x500c, "moved", 0]);
  // It was told of the first; a new check begins anew, at the second half.
  machine.cpus[0]!.w[EIP] = 0x4ffd;
  const again = told(machine, 1);
  assert.equal(again.map((one) => [one.linear, one.eip]), [[0x5000, 0x4ffd]]);
});

test("loads, stores and what is both are told, each once", () => {
  const machine = running(`
        movl 0x9000, %ebx
        movl %ebx, 0x9000
        movl $0xa000 + 7, ${TABLE} + 36
        incl 0x9000
        movl 0x9000, %ebx
        push %eax
        movl %ebx, 0x9000
  `);
  const uses = told(machine, 7);
  assert.equal(uses.map(({ access, eip, retired }) => [access, eip, retired]),
    [["store", 0x4016, 3], ["load", 0x4016, 3]]);
});

test("a host call's accesses are checked like a program's", () => {
  const machine = running(".byte 0x0f, 0x3f, 5\n nop\n");
  const cpu = machine.cpus[0]!;
  machine.hostArmed = true;
  machine.hostCalls[5] = { name: "five", cost: 0, run(caller) {
    caller.store32(0x9000, caller.load32(0x9000));
  } };
  cpu.store32(0x9000, 3);
  map(machine, 9, 0);
  assert.equal(told(machine, 1).map(({ access, eip }) => [access, eip]),
    [["load", 0x4000], ["store", 0x4000]]);
});

test("what is harmless hides nothing, and each CPU has its own first", () => {
  const machine = paged({ cpus: 2 }), uses: string[] = [];
  const [one, other] = machine.cpus as [Cpu, Cpu];
  writeControl(other, 3, DIRECTORY);
  writeControl(other, 0, 0x80010011 | 0);
  for (const cpu of [one, other]) cpu.load(DS, AT, 4);
  map(machine, PAGE, (AT & -4096) | P);
  checkTlb(machine, (use) => uses.push(`${use.cpu} ${use.why}`),
    { legal: true });
  one.loadLinear(AT, 4);
  map(machine, PAGE, 0);
  for (let n = 0; n < 3; n++) {
    one.loadLinear(AT, 4);
    other.loadLinear(AT, 4);
  }
  assert.equal(uses, ["0 unlike", "0 gone", "1 gone"]);
});

test("a report tells the place by the caller's name for it", () => {
  const machine = running(`
        movl 0x9000, %ebx
        movl $0, ${TABLE} + 36
        movl 0x9000, %ebx
  `);
  const lines: string[] = [];
  checkTlb(machine, (use) => lines.push(staleText(use)), {
    symbol: (cpu, at) => `f${cpu.id}+${at - 0x4000}` });
  machine.run({ maxInstructions: 3 });
  assert.equal(lines, [[
    "CPU 0: stale load at 00009000, instruction 2 (its own 2)",
    "  by      ring 0, 0008:00004010 f0+16",
    "  TLB     00009000 -> 00009000, 4 KiB, writable, user",
    "          loaded at 0 under cr3 00001000",
    "  tables  not present",
    "          cr3 00001000",
    "The CPU did not ask the page tables: they have changed since it did, " +
      "and its entry is left.",
  ].join("\n")]);
});

test("a second check is refused until the first has ended", () => {
  const machine = paged(), stop = checkTlb(machine, () => {});
  assert.throws(() => checkTlb(machine, () => {}), /checked already; end/);
  stop();
  checkTlb(machine, () => {})();
  assert.throws(() => checkTlb(undefined as unknown as Machine, () => {}),
    /takes a machine/);
});

const guests = [0, 1].map((n) => ({ name: `Guest ${n}`, image: busy(),
  commandLine: "", memory: 4 * MiB }));

test("a run under a check, or under pieces of one, is the same run", () => {
  let x = 20070301;
  const random = (n: number) => {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    return (x >>> 8) % n;
  };
  for (const tlb of [{}, { dataTlb: 3, codeTlb: 1 }]) {
    const session = () => boot({ guests, cpus: 2, seed: 7, tlb,
      schedule: { kind: "random", quantum: 50 } }, () => {});
    const plain = session(), whole = session(), pieces = session();
    const end = run(plain, 100_000_000), uses: StaleUse[] = [];
    assert.is(end.status, 0);
    checkTlb(whole.machine, (use) => uses.push(use), { legal: true });
    assert.equal(run(whole, 100_000_000), end);
    assert.equal(uses, []);
    // Begun and ended in the middle of instructions, too.
    let stop: (() => void) | undefined;
    pieces.machine.events.on(() => {
      if (random(50) !== 0) return;
      stop?.();
      stop = stop ? undefined : checkTlb(pieces.machine, () => {});
    });
    assert.equal(run(pieces, 100_000_000), end);
    for (const { machine } of [whole, pieces])
      assert.is(stateSum(machine), stateSum(plain.machine));
  }
});

test("--tlb is two sizes, or one of two words", () => {
  assert.equal(typedTlb("2048/1024"), { dataTlb: 2048, codeTlb: 1024 });
  assert.equal(typedTlb("1/4096"), { dataTlb: 1, codeTlb: 4096 });
  assert.equal(typedTlb("unlimited"), { dataTlb: 4096, codeTlb: 4096 });
  assert.equal(typedTlb("forgets-globals"), { forgetsGlobals: true });
  for (const bad of ["", "64", "64/", "/32", "0/32", "64/0", "4097/32",
    "64/4097", "99999/1", "64/32/16", "64 / 32", "-1/2", "1e3/1", "0x10/1",
    "Unlimited", "forgets", "64/32\n", "64/32 "]) {
    assert.throws(() => typedTlb(bad), (e: Error) => e.name === "UserError" &&
      e.message === `--tlb ${bad}: it is DATA/CODE, unlimited or ` +
        "forgets-globals; sizes from 1 to 4096", bad);
  }
});

test("a session's TLBs go into its file and come back", () => {
  const tlb = { ...typedTlb("16/8"), ...typedTlb("forgets-globals") };
  const session = boot({ guests, tlb, cpus: 2 }, () => {});
  run(session, 50_000);
  const back = loadSession(saveSession(session), () => {});
  const { dataTlb, codeTlb, forgetsGlobals } = back.machine.layout;
  assert.equal({ dataTlb, codeTlb, forgetsGlobals }, tlb);
  assert.equal(back.options.tlb, tlb);
  assert.equal(run(back, 5_000_000), run(session, 5_000_000));
  assert.is(stateSum(back.machine), stateSum(session.machine));
});

test("a bare machine's TLBs do, too", () => {
  const tlb = typedTlb("forgets-globals");
  const { machine, options } =
    loadMetal(saveMetal(bootMetal({ tlb, memory: MiB })), { print() {} });
  assert.is(machine.layout.forgetsGlobals, true);
  assert.equal(options.tlb, tlb);
  assert.throws(() => bootMetal({ tlb: { dataTlb: 5000 } }), (e: Error) =>
    e.name === "UserError" && /dataTlb must be 1 to 4096/.test(e.message));
  assert.is(machine.cpus[0]!.w[EAX], bootMetal().machine.cpus[0]!.w[EAX]);
});

test.run();
