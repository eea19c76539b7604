import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Cpu, Fault, Machine, PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW,
  PTE_US, peekPage, tlbEntries, writeControl, invalidatePage,
} from "../src/machine";

const DIRECTORY = 0x1000, TABLE = 0x2000;
const PAGING = 0x80000011 | 0, WP = 0x10000;

/** A machine whose first 4 MiB are mapped one to one. */
function paged(bits = PTE_P | PTE_RW | PTE_US, options = {}): Cpu {
  const machine = new Machine({ memory: 0x100000, ...options });
  const cpu = machine.cpus[0]!;
  put(cpu, DIRECTORY, TABLE | PTE_P | PTE_RW | PTE_US);
  for (let page = 0; page < 256; page++) {
    put(cpu, TABLE + 4 * page, (page << 12) | bits);
  }
  writeControl(cpu, 3, DIRECTORY);
  writeControl(cpu, 0, PAGING);
  return cpu;
}

const put = (cpu: Cpu, at: number, v: number) => cpu.writePhysical(at, 4, v);
const get = (cpu: Cpu, at: number) => cpu.readPhysical(at, 4);
const pte = (page: number) => TABLE + 4 * page;

function faultOf(body: () => unknown): Fault {
  try {
    body();
  } catch (fault) {
    if (fault instanceof Fault) return fault;
    throw fault;
  }
  throw new Error("no fault");
}

const DATA = 3;

test("a read sets A in both levels and D in none", () => {
  const cpu = paged();
  cpu.load(DATA, 0x5000, 4);
  assert.is(get(cpu, DIRECTORY) & 0xfff, 0x27);
  assert.is(get(cpu, pte(5)) & 0xfff, PTE_P | PTE_RW | PTE_US | PTE_A);
  assert.is(get(cpu, pte(6)) & PTE_A, 0);
});

test("a write sets D in the page's entry alone", () => {
  const cpu = paged();
  cpu.store(DATA, 0x5000, 4, 7);
  assert.is(get(cpu, pte(5)) & PTE_D, PTE_D);
  assert.is(get(cpu, DIRECTORY) & PTE_D, 0);
});

test("a write behind a read walks again and sets D", () => {
  const cpu = paged();
  cpu.load(DATA, 0x5000, 4);
  cpu.store(DATA, 0x5004, 4, 7);
  assert.is(get(cpu, pte(5)) & PTE_D, PTE_D);
  assert.is(tlbEntries(cpu, false).length, 1);
});

test("a write behind a read faults if the page has gone meanwhile", () => {
  const cpu = paged();
  cpu.load(DATA, 0x5000, 4);
  put(cpu, pte(5), 0);
  assert.is(faultOf(() => cpu.store(DATA, 0x5000, 4, 7)).error, 2);
  assert.is(tlbEntries(cpu, false).length, 0);
});

test("a hit never walks again", () => {
  const cpu = paged();
  cpu.writePhysical(0x5000, 4, 5);
  cpu.writePhysical(0x6000, 4, 6);
  assert.is(cpu.load(DATA, 0x5000, 4), 5);
  put(cpu, pte(5), 0x6000 | PTE_P | PTE_RW | PTE_US);
  assert.is(cpu.load(DATA, 0x5000, 4), 5);
  cpu.dropFast();
  assert.is(cpu.load(DATA, 0x5000, 4), 5);
  invalidatePage(cpu, 0x5123);
  assert.is(cpu.load(DATA, 0x5000, 4), 6);
});

test("code and data have TLBs of their own", () => {
  const cpu = paged();
  cpu.fetch(0x5000);
  assert.is(tlbEntries(cpu, false).length, 0);
  assert.is(tlbEntries(cpu, true).length, 1);
});

for (const user of [false, true]) {
  for (const write of [false, true]) {
    test(`error code of absence: user ${user}, write ${write}`, () => {
      const cpu = paged(0);
      const fault = faultOf(() => cpu.translate(0x5678, write, user, false));
      assert.is(fault.vector, 14);
      assert.is(fault.error, (write ? 2 : 0) | (user ? 4 : 0));
      assert.is(fault.address, 0x5678);
    });
  }
}

test("an absent table faults without setting A", () => {
  const cpu = paged();
  const fault = faultOf(() => cpu.load(DATA, 0x400000, 4));
  assert.is(fault.error, 0);
  assert.is(fault.address, 0x400000);
});

test("rights: both levels have to grant them", () => {
  for (const level of [DIRECTORY, pte(5)]) {
    const cpu = paged();
    put(cpu, level, get(cpu, level) & ~PTE_RW);
    assert.is(faultOf(() => cpu.translate(0x5000, true, true, false)).error,
      7);
    put(cpu, level, get(cpu, level) & ~PTE_US);
    assert.is(faultOf(() => cpu.translate(0x5000, false, true, false)).error,
      5);
    assert.is(get(cpu, pte(5)) & PTE_A, 0, "no A without right");
  }
});

test("CR0.WP decides over supervisor's writes to read-only pages", () => {
  const cpu = paged(PTE_P);
  cpu.store(DATA, 0x5000, 4, 1);
  cpu.store(DATA, 0x5000, 4, 1);
  writeControl(cpu, 0, PAGING | WP);
  assert.is(faultOf(() => cpu.store(DATA, 0x5000, 4, 1)).error, 3);
  assert.is(cpu.load(DATA, 0x5000, 4), 1);
  writeControl(cpu, 0, PAGING);
  cpu.store(DATA, 0x5000, 4, 2);
  assert.is(cpu.load(DATA, 0x5000, 4), 2);
});

test("ring 3 may not what ring 0 has just done", () => {
  const cpu = paged(PTE_P | PTE_RW);
  cpu.store(DATA, 0x5000, 4, 1);
  cpu.setCpl(3);
  assert.is(faultOf(() => cpu.load(DATA, 0x5000, 4)).error, 5);
  assert.is(faultOf(() => cpu.store(DATA, 0x5000, 4, 1)).error, 7);
  assert.is(cpu.load32(0x5000), 1, "a table read is a supervisor's");
});

test("a fault drops the entry that caused it", () => {
  const cpu = paged(PTE_P);
  writeControl(cpu, 0, PAGING | WP);
  cpu.load(DATA, 0x5000, 4);
  put(cpu, pte(5), 0x5000 | PTE_P | PTE_RW);
  assert.is(faultOf(() => cpu.store(DATA, 0x5000, 4, 1)).error, 3);
  cpu.store(DATA, 0x5000, 4, 1);
});

test("a read-modify-write faults as a write, before anything", () => {
  const cpu = paged(PTE_P);
  writeControl(cpu, 0, PAGING | WP);
  assert.is(faultOf(() => cpu.loadForWrite(DATA, 0x5000, 4)).error, 3);
});

test("a store across two pages changes neither if one is missing", () => {
  const cpu = paged();
  put(cpu, pte(6), 0);
  const fault = faultOf(() => cpu.store(DATA, 0x5ffe, 4, -1));
  assert.is(fault.address, 0x6000);
  assert.is(fault.error, 2);
  assert.is(cpu.load(DATA, 0x5ffc, 4), 0);
});

test("accesses across two pages meet both frames", () => {
  const cpu = paged();
  put(cpu, pte(6), 0x9000 | PTE_P | PTE_RW);
  cpu.store(DATA, 0x5ffd, 4, 0x44332211);
  assert.is(cpu.readPhysical(0x5ffd, 1), 0x11);
  assert.is(cpu.readPhysical(0x5fff, 1), 0x33);
  assert.is(cpu.readPhysical(0x9000, 1), 0x44);
  assert.is(cpu.load(DATA, 0x5ffd, 4), 0x44332211);
  assert.is(cpu.load(DATA, 0x5fff, 2), 0x4433);
  assert.is(cpu.loadForWrite(DATA, 0x5ffe, 4), 0x443322);
});

test("replacement is first in, first out, and hits don't matter", () => {
  const cpu = paged(undefined, { dataTlb: 4 });
  for (const page of [1, 2, 3, 4, 1, 1, 5]) cpu.load(DATA, page << 12, 4);
  const pages = tlbEntries(cpu, false).map((e) => e.linear >>> 12);
  assert.equal(pages, [5, 2, 3, 4]);
});

test("a replaced entry is gone from the fast table, too", () => {
  const cpu = paged(undefined, { dataTlb: 2 });
  cpu.load(DATA, 0x5000, 4);
  put(cpu, pte(5), 0);
  cpu.load(DATA, 0x6000, 4);
  assert.is(cpu.load(DATA, 0x5000, 4), 0);
  cpu.load(DATA, 0x7000, 4);
  faultOf(() => cpu.load(DATA, 0x5000, 4));
});

test("a cr3 load keeps global entries if PGE is set", () => {
  const cpu = paged(PTE_P | PTE_RW | PTE_G);
  writeControl(cpu, 4, 0x80);
  put(cpu, pte(6), 0x6000 | PTE_P | PTE_RW);
  cpu.load(DATA, 0x5000, 4);
  cpu.load(DATA, 0x6000, 4);
  cpu.fetch(0x5000);
  writeControl(cpu, 3, 0x8000);
  assert.equal(tlbEntries(cpu, false).map((e) => e.linear), [0x5000]);
  assert.equal(tlbEntries(cpu, false).map((e) => e.cr3), [DIRECTORY]);
  assert.equal(tlbEntries(cpu, true).map((e) => e.linear), [0x5000]);
  assert.is(cpu.load(DATA, 0x5000, 4), 0, "though the new tables lack it");
  faultOf(() => cpu.load(DATA, 0x6000, 4));
});

test("without PGE a cr3 load drops them, and G is not even noted", () => {
  const cpu = paged(PTE_P | PTE_RW | PTE_G);
  cpu.load(DATA, 0x5000, 4);
  assert.is(tlbEntries(cpu, false)[0]!.global, false);
  writeControl(cpu, 3, 0x8000);
  assert.is(tlbEntries(cpu, false).length, 0);
});

test("global entries go by INVLPG and by a change of PGE, PSE or PG", () => {
  const ways: [string, (cpu: Cpu) => void][] = [
    ["invlpg", (cpu) => invalidatePage(cpu, 0x5fff)],
    ["PGE", (cpu) => writeControl(cpu, 4, 0)],
    ["PSE", (cpu) => writeControl(cpu, 4, 0x90)],
    ["PG", (cpu) => writeControl(cpu, 0, 0x11)],
  ];
  for (const [name, way] of ways) {
    const cpu = paged(PTE_P | PTE_RW | PTE_G);
    writeControl(cpu, 4, 0x80);
    cpu.load(DATA, 0x5000, 4);
    cpu.fetch(0x5000);
    way(cpu);
    assert.is(tlbEntries(cpu, false).length, 0, name);
    assert.is(tlbEntries(cpu, true).length, 0, name);
  }
});

test("a write of CR4 that changes none of these keeps everything", () => {
  const cpu = paged();
  cpu.load(DATA, 0x5000, 4);
  writeControl(cpu, 4, 4);
  assert.is(tlbEntries(cpu, false).length, 1);
});

test("a 4 MiB page is one entry and goes whole", () => {
  const cpu = paged();
  writeControl(cpu, 4, 0x90);
  put(cpu, DIRECTORY + 4, PTE_P | PTE_RW | PTE_PS | PTE_G);
  cpu.store(DATA, 0x405000, 4, 9);
  cpu.store(DATA, 0x406000, 4, 9);
  assert.is(get(cpu, 0x5000), 9);
  assert.is(get(cpu, DIRECTORY + 4) & (PTE_A | PTE_D), PTE_A | PTE_D);
  const [entry, ...rest] = tlbEntries(cpu, false);
  assert.is(rest.length, 0);
  assert.ok(entry!.large && entry!.global);
  invalidatePage(cpu, 0x7ff000);
  assert.is(tlbEntries(cpu, false).length, 0);
  put(cpu, DIRECTORY + 4, 0);
  faultOf(() => cpu.load(DATA, 0x405000, 4));
});

test("reserved bits of a large page fault with their own bit", () => {
  const cpu = paged();
  writeControl(cpu, 4, 0x10);
  put(cpu, DIRECTORY + 4, 0x2000 | PTE_P | PTE_PS);
  assert.is(faultOf(() => cpu.load(DATA, 0x400000, 4)).error, 9);
});

test("without PSE the bit PS means nothing", () => {
  const cpu = paged();
  put(cpu, DIRECTORY + 4, TABLE | PTE_P | PTE_RW | PTE_PS);
  cpu.store(DATA, 0x405000, 4, 9);
  assert.is(get(cpu, 0x5000), 9);
});

test("reserved bits of CR4 are refused, and so is PG without PE", () => {
  const cpu = paged();
  assert.is(faultOf(() => writeControl(cpu, 4, 0x20)).vector, 13);
  assert.is(faultOf(() => writeControl(cpu, 0, 0x80000000)).vector, 13);
  assert.is(faultOf(() => writeControl(cpu, 0, 0x20000001)).vector, 13);
  assert.is(faultOf(() => writeControl(cpu, 1, 0)).vector, 6);
});

test("code pages lose the fast write, and a write reports itself", () => {
  const cpu = paged(), { machine } = cpu, told: number[] = [];
  machine.dropCode = (physical, length) => told.push(physical, length);
  cpu.store(DATA, 0x5000, 4, 1);
  machine.markCode(5);
  cpu.store(DATA, 0x5010, 2, 1);
  cpu.store(DATA, 0x5020, 1, 1);
  assert.equal(told, [0x5010, 2, 0x5020, 1]);
});

test("peeking leaves no trace", () => {
  const cpu = paged();
  const before = cpu.machine.snapshot();
  assert.is(peekPage(cpu, 0x5004), 0x5004);
  assert.is(peekPage(cpu, 0x400000), undefined);
  assert.equal(cpu.machine.snapshot(), before);
});

test("the fast table stays a subset of the TLB under random use", () => {
  let x = 12345;
  const random = (n: number) => {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    return (x >>> 8) % n;
  };
  const cpu = paged(PTE_P | PTE_RW | PTE_US, { dataTlb: 8, codeTlb: 4 });
  writeControl(cpu, 4, 0x80);
  for (let i = 0; i < 2000; i++) {
    const page = 16 + random(24), what = random(40);
    if (what === 0) writeControl(cpu, 3, DIRECTORY);
    else if (what === 1) invalidatePage(cpu, page << 12);
    else if (what === 2) {
      put(cpu, pte(page), get(cpu, pte(page)) ^ PTE_G);
    } else if (what < 20) cpu.store(DATA, page << 12, 4, i);
    else if (what < 30) cpu.fetch(page << 12);
    else cpu.load(DATA, page << 12, 4);
    const known = tlbEntries(cpu, false).map((e) => e.linear >>> 12);
    for (let p = 0; p < 64; p++) {
      if (cpu.fast[p]) assert.ok(known.includes(p), `${i}: page ${p}`);
    }
    const code = tlbEntries(cpu, true).map((e) => e.linear >>> 12);
    for (let p = 0; p < 64; p++) {
      if (cpu.fastCode[p]) assert.ok(code.includes(p), `${i}: page ${p}`);
    }
  }
});

test("unpaged accesses go straight, and their ways are forgotten", () => {
  const machine = new Machine({ memory: 0x100000 });
  const cpu = machine.cpus[0]!;
  cpu.store(DATA, 0x5000, 4, 5);
  assert.is(cpu.load(DATA, 0x5000, 4), 5);
  assert.is(cpu.load(DATA, 0x10000000, 4), -1, "nobody there");
  put(cpu, DIRECTORY, 0);
  writeControl(cpu, 3, DIRECTORY);
  writeControl(cpu, 0, PAGING);
  faultOf(() => cpu.load(DATA, 0x5000, 4));
});

test.run();
