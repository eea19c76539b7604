import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  Cpu, Fault, Machine, PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW,
  PTE_US, peekPage, reach, readVirtual, RETIRED, tlbEntries, tlbFind, tlbSize,
  tlbStart, writeControl, invalidatePage,
} from "../src/machine";
import type { MachineEvent } from "../src/machine";
import { machineOf } from "./around";

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

test("bits 9, 10 and 11 of an entry are software's, and lead nowhere", () => {
  for (const bit of [0x200, 0x400, 0x800]) {
    const cpu = paged(PTE_P | PTE_RW | PTE_US | bit);
    put(cpu, 0x6123, 0x12345678);
    put(cpu, DIRECTORY, get(cpu, DIRECTORY) | bit);
    put(cpu, pte(5), 0x6000 | PTE_P | PTE_RW | PTE_US | bit);
    assert.is(cpu.load(DATA, 0x5123, 4), 0x12345678);
    assert.is(cpu.fetch(0x5123), 0x78);
    cpu.store(DATA, 0x5123, 4, 7);
    assert.is(get(cpu, 0x6123), 7);
    assert.is(tlbEntries(cpu, false)[0]?.frame, 0x6000);
    writeControl(cpu, 4, 0x10);
    put(cpu, DIRECTORY + 4, PTE_P | PTE_RW | PTE_PS | bit);
    assert.is(cpu.load(DATA, 0x406123, 4), 7);
    assert.is(cpu.fetch(0x406123), 7);
  }
});

test("of CR0 only PG and PE empty the TLB", () => {
  const TS = 8, MP = 2, EM = 4, NE = 0x20, AM = 0x40000, CD = 0x40000000;
  for (const bit of [0, TS, MP, EM, NE, WP, AM, CD]) {
    const cpu = paged();
    cpu.load(DATA, 0x5000, 4);
    writeControl(cpu, 0, PAGING | bit);
    assert.is(tlbEntries(cpu, false).length, 1, bit.toString(16));
    writeControl(cpu, 0, 0x11);
    assert.is(tlbEntries(cpu, false).length, 0);
  }
});

test("who only looks sees the last byte, and addresses without a sign", () => {
  const cpu = paged();
  assert.is(readVirtual(cpu, 0xffffc, 4)?.length, 4);
  assert.is(readVirtual(cpu, 0xffffd, 4), undefined);
  writeControl(cpu, 4, 0x10);
  put(cpu, DIRECTORY + 4, 0xc0000000 | PTE_P | PTE_PS);
  put(cpu, DIRECTORY + 8, TABLE | PTE_P);
  put(cpu, pte(3), 0xfee00000 | PTE_P);
  assert.is(peekPage(cpu, 0x723456), 0xc0323456);
  assert.is(peekPage(cpu, 0x803456), 0xfee00456);
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

test("a write to what is dirty in the TLB doesn't walk, either", () => {
  const cpu = paged();
  cpu.store(DATA, 0x5000, 4, 1);
  put(cpu, pte(5), 0);
  cpu.dropFast();
  cpu.store(DATA, 0x5000, 4, 2);
  assert.is(cpu.readPhysical(0x5000, 4), 2);
});

// SDM 3A, figures 4-2 and 4-3.
test("each bit of an address goes where it belongs", () => {
  for (let bit = 0; bit < 32; bit++) {
    const linear = 2 ** bit, cpu = paged();
    const directory = linear >>> 22, table = (linear >>> 12) & 0x3ff;
    put(cpu, DIRECTORY, TABLE | PTE_P);
    put(cpu, TABLE, 0x30000 | PTE_P);
    put(cpu, DIRECTORY + 4 * directory, 0x4000 | PTE_P);
    put(cpu, 0x4000 + 4 * table, 0x20000 | PTE_P);
    writeControl(cpu, 3, DIRECTORY);
    const to = 0x20000 | (linear & 0xfff);
    assert.is(peekPage(cpu, linear), to, `bit ${bit}`);
    assert.is(cpu.translate(linear, false, false, false), to, `bit ${bit}`);
    writeControl(cpu, 4, 0x10);
    put(cpu, DIRECTORY + 4 * directory, PTE_P | PTE_PS);
    const large = linear & 0x3fffff;
    assert.is(peekPage(cpu, linear), large, `large, bit ${bit}`);
    assert.is(cpu.translate(linear, false, false, true), large);
  }
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

/** Read-only pages: where each is said to be so, and its address. */
const readOnly: Record<string, (cpu: Cpu) => number> = {
  "a supervisor's page": (cpu) => {
    put(cpu, pte(5), 0x5000 | PTE_P);
    return 0x5000;
  },
  "a user's page": (cpu) => {
    put(cpu, pte(5), 0x5000 | PTE_P | PTE_US);
    return 0x5000;
  },
  "a page of a read-only table": (cpu) => {
    put(cpu, DIRECTORY, TABLE | PTE_P | PTE_US);
    return 0x5000;
  },
  "a large page": (cpu) => {
    writeControl(cpu, 4, 0x10);
    put(cpu, DIRECTORY + 4, PTE_P | PTE_PS | PTE_US);
    return 0x405000;
  },
};

for (const [what, describe] of Object.entries(readOnly)) {
  // SDM 3A, 4.6: of supervisors' writes WP decides, of users' it doesn't.
  test(`${what} obeys CR0.WP, whichever filled the TLB`, () => {
    const cpu = paged(), at = describe(cpu);
    const wp = (on: boolean) =>
      writeControl(cpu, 0, on ? PAGING | WP : PAGING);
    const refused = () =>
      assert.is(faultOf(() => cpu.store(DATA, at, 4, 9)).error, 3);
    const done = (n: number) => {
      cpu.store(DATA, at, 4, n);
      assert.is(cpu.load(DATA, at, 4), n);
    };
    wp(true);
    refused();
    assert.is(cpu.load(DATA, at, 4), 0);
    wp(false);
    done(1);
    done(2);
    wp(true);
    refused();
    assert.is(cpu.load(DATA, at, 4), 2);
    refused();
    for (const on of [false, true]) {
      wp(on);
      cpu.setCpl(0);
      cpu.load(DATA, at, 4);
      for (const ring of [1, 2]) {
        cpu.setCpl(ring);
        if (on) refused();
        else done(ring);
      }
      cpu.setCpl(3);
      assert.is(faultOf(() => cpu.store(DATA, at, 4, 9)).error, 7);
      cpu.setCpl(0);
      invalidatePage(cpu, at);
      assert.is(faultOf(() => cpu.translate(at, true, true, false)).error, 7);
    }
  });
}

test("both pages of a store are asked, and WP of the second", () => {
  const cpu = paged();
  put(cpu, pte(6), 0x6000 | PTE_P);
  cpu.store(DATA, 0x5ffe, 4, -1);
  writeControl(cpu, 0, PAGING | WP);
  const { error, address } = faultOf(() => cpu.store(DATA, 0x5ffe, 4, 0));
  assert.equal([error, address, cpu.load(DATA, 0x5ffe, 4)], [3, 0x6000, -1]);
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

test("a fault drops what translates its address for code, too", () => {
  const cpu = paged(PTE_P | PTE_RW);
  cpu.fetch(0x5000);
  cpu.load(DATA, 0x5000, 4);
  faultOf(() => cpu.translate(0x5000, false, true, false));
  for (const code of [false, true])
    assert.is(tlbEntries(cpu, code).length, 0, `code ${code}`);
  cpu.fetch(0x5000);
  faultOf(() => cpu.translate(0x5000, false, true, true));
  assert.is(tlbEntries(cpu, true).length, 0);
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

for (const page of [0x400000, 0x7ff000])
  test(`a 4 MiB page goes with 4 KiB at ${page.toString(16)}`, () => {
    const cpu = paged(undefined, { memory: 0x800000 });
    writeControl(cpu, 4, 0x10);
    put(cpu, DIRECTORY + 4, 0x400000 | PTE_P | PTE_RW | PTE_PS);
    put(cpu, page, 0x12345678);
    assert.is(cpu.load(DATA, page, 4), 0x12345678);
    cpu.fetch(page);
    put(cpu, DIRECTORY + 4, 0);
    assert.is(cpu.load(DATA, page, 4), 0x12345678);
    invalidatePage(cpu, 0x600000);
    assert.is(faultOf(() => cpu.load(DATA, page, 4)).address, page);
    assert.is(faultOf(() => cpu.fetch(page)).address, page);
  });

/** 4 MiB at 0x400000: as one page, or by a table where only two of the
 * pages are, in other frames. */
const LARGE = PTE_P | PTE_RW | PTE_PS, SMALL = 0x3000 | PTE_P | PTE_RW;

function changesSize(from: number, to: number): Cpu {
  const cpu = paged(undefined, { dataTlb: 3 });
  writeControl(cpu, 4, 0x10);
  put(cpu, 0x3000 + 4 * 5, 0x15000 | PTE_P | PTE_RW);
  put(cpu, 0x3000 + 4 * 6, 0x16000 | PTE_P | PTE_RW);
  put(cpu, DIRECTORY + 4, from);
  cpu.load(DATA, 0x405000, 4);
  cpu.load(DATA, 0x1000, 4);
  put(cpu, DIRECTORY + 4, to);
  return cpu;
}

test("a page that has become large is so at its first write", () => {
  const cpu = changesSize(SMALL, LARGE);
  cpu.store(DATA, 0x405000, 4, 9);
  assert.equal([get(cpu, 0x5000), get(cpu, 0x15000)], [9, 0]);
  put(cpu, 0x6000, 6);
  assert.is(cpu.load(DATA, 0x406000, 4), 6);
  assert.equal(tlbEntries(cpu, false).map((e) => [e.linear, e.large]),
    [[0x1000, false], [0x400000, true]], "one translation, not two");
});

test("of a page that has become small nothing else stays", () => {
  const cpu = changesSize(LARGE, SMALL);
  cpu.load(DATA, 0x406000, 4);
  cpu.load(DATA, 0x407000, 4);
  cpu.store(DATA, 0x405000, 4, 9);
  assert.equal([get(cpu, 0x5000), get(cpu, 0x15000)], [0, 9]);
  put(cpu, 0x16000, 6);
  assert.is(cpu.load(DATA, 0x406000, 4), 6);
  assert.is(faultOf(() => cpu.load(DATA, 0x407000, 4)).error, 0);
});

test("a page whose size has changed is the youngest of the TLB", () => {
  const cpu = changesSize(SMALL, LARGE);
  cpu.store(DATA, 0x405000, 4, 9);
  for (const page of [2, 3]) cpu.load(DATA, page << 12, 4);
  assert.equal(tlbEntries(cpu, false).map((e) => e.linear >>> 12),
    [2, 3, 0x400], "page 1 was older");
});

// SDM 3A, table 4-4: bits 13 to 21; bit 12 is the PAT's, and we have none.
for (let bit = 12; bit < 22; bit++)
  test(`bit ${bit} of a large page faults with a bit of its own`, () => {
    const cpu = paged();
    writeControl(cpu, 4, 0x10);
    put(cpu, DIRECTORY + 4, (1 << bit) | PTE_P | PTE_PS);
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
  const cpu = paged(), { board } = cpu, told: number[] = [];
  board.dropCode = (physical, length) => told.push(physical, length);
  cpu.store(DATA, 0x5000, 4, 1);
  cpu.markCode(5);
  cpu.store(DATA, 0x5010, 2, 1);
  cpu.store(DATA, 0x5020, 1, 1);
  assert.equal(told, [0x5010, 2, 0x5020, 1]);
});

test("an entry tells what it was made of, and so does its event", () => {
  const cpu = paged(), told: MachineEvent[] = [];
  cpu.board.events.on((e) => {
    if (e.kind === "tlb-fill") told.push(e);
  });
  writeControl(cpu, 4, 0x90);
  put(cpu, pte(5), 0x7000 | PTE_P | PTE_US | PTE_G);
  put(cpu, DIRECTORY + 4, PTE_P | PTE_RW | PTE_PS);
  cpu.d[RETIRED] = 1234;
  cpu.load(DATA, 0x5678, 4);
  cpu.store(DATA, 0x456789, 1, 0);
  cpu.fetch(0x6000);
  const common = { when: 1234, cr3: DIRECTORY };
  assert.equal(tlbEntries(cpu, false), [
    { linear: 0x5000, frame: 0x7000, bits: PTE_P | PTE_US | PTE_G,
      global: true, large: false, ...common },
    { linear: 0x400000, frame: 0, bits: PTE_P | PTE_RW | PTE_D | PTE_PS,
      global: false, large: true, ...common },
  ]);
  assert.equal(told.map((e) => [e.code, e.linear, e.frame, e.global]),
    [[false, 0x5678, 0x7000, true], [false, 0x456789, 0, false],
      [true, 0x6000, 0x6000, false]]);
});

test("64 entries for data and 32 for code, if nobody asks for others", () => {
  const cpu = paged();
  for (const [code, size] of [[false, 64], [true, 32]] as const) {
    const touch = (page: number) => code ? cpu.fetch(page << 12)
      : cpu.load(DATA, page << 12, 1);
    const held = () => tlbEntries(cpu, code).map((e) => e.linear >>> 12);
    const pages = Array.from({ length: size }, (_, n) => 16 + n);
    pages.forEach(touch);
    assert.equal(held(), pages);
    touch(200);
    touch(201);
    assert.equal(held(), [200, 201, ...pages.slice(2)]);
  }
});

test("peeking leaves no trace", () => {
  const cpu = paged();
  const before = machineOf(cpu).snapshot();
  assert.is(peekPage(cpu, 0x5004), 0x5004);
  assert.is(peekPage(cpu, 0x400000), undefined);
  assert.equal(machineOf(cpu).snapshot(), before);
});

test("the fast table is of the TLB, and has what was used last", () => {
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
    if (what > 2) assert.ok((what >= 20 && what < 30 ? cpu.fastCode
      : cpu.fast)[page], `${i}: page ${page} was used`);
  }
});

test("a machine that forgets globals keeps none over a load of cr3", () => {
  for (const forgetsGlobals of [false, true]) {
    const cpu = paged(PTE_P | PTE_RW | PTE_G, { forgetsGlobals });
    writeControl(cpu, 4, 0x80);
    cpu.load(DATA, 0x5000, 4);
    cpu.fetch(0x6000);
    const [data] = tlbEntries(cpu, false), [code] = tlbEntries(cpu, true);
    assert.equal([data?.global, code?.global], [true, true]);
    writeControl(cpu, 3, DIRECTORY);
    const kept = [false, true].map((which) => tlbEntries(cpu, which).length);
    assert.equal(kept, forgetsGlobals ? [0, 0] : [1, 1]);
    assert.is(cpu.fast[5] === 0 && cpu.fastCode[6] === 0, forgetsGlobals);
  }
});

test("of a large and a small entry the TLB decides, not the fast table", () => {
  for (const code of [false, true]) {
    const cpu = paged(undefined, { dataTlb: 2, codeTlb: 2 });
    const read = (at: number) =>
      code ? cpu.fetch(at) : cpu.loadLinear(at, 1);
    writeControl(cpu, 4, 0x10);
    put(cpu, pte(5), 0x8000 | PTE_P);
    put(cpu, 0x5000, 0x55);
    put(cpu, 0x8000, 0x88);
    read(0x4000);
    assert.is(read(0x5000), 0x88);
    put(cpu, DIRECTORY, PTE_P | PTE_PS);
    assert.is(read(0x5000), 0x88);
    cpu.translate(0x5000, false, false, code);
    // The large one takes the place of page 4, in front of page 5.
    read(0x7000);
    assert.is(read(0x5000), 0x55);
    invalidatePage(cpu, 0x5000);
    put(cpu, DIRECTORY, TABLE | PTE_P);
    assert.is(read(0x5000), 0x88);
  }
});

/** Accesses and changes of tables at random, on a CPU that does what
 * `watch` says before each; the block, after each hundred. */
function wander(watch: (cpu: Cpu, n: number) => void): number[] {
  let x = 20070301;
  const random = (n: number) => {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    return (x >>> 8) % n;
  };
  const cpu = paged(PTE_P | PTE_RW | PTE_US, { dataTlb: 4, codeTlb: 3 });
  writeControl(cpu, 4, 0x90);
  const sums: number[] = [];
  for (let i = 0; i < 4000; i++) {
    watch(cpu, i);
    const page = 16 + random(12), at = page << 12, what = random(40);
    try {
      if (what === 0) writeControl(cpu, 3, DIRECTORY);
      else if (what === 1) invalidatePage(cpu, at);
      else if (what === 2) put(cpu, pte(page), get(cpu, pte(page)) ^ PTE_G);
      else if (what === 3) put(cpu, pte(page), get(cpu, pte(page)) ^ PTE_RW);
      else if (what === 4) put(cpu, pte(page), get(cpu, pte(page)) ^ 0x40000);
      else if (what === 5) put(cpu, pte(page), get(cpu, pte(page)) & ~PTE_D);
      else if (what === 6) put(cpu, DIRECTORY, TABLE | PTE_P | PTE_RW | PTE_US);
      else if (what === 7) put(cpu, DIRECTORY, 0xe7);
      else if (what < 20) cpu.storeLinear(at, 4, i, what < 16);
      else if (what < 30) cpu.fetch(at);
      else cpu.loadLinear(at + 0xffe, 4, what < 35);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
    }
    if (i % 100 === 99) {
      const block = new Int32Array(cpu.board.memory.buffer, 0,
        cpu.board.layout.blockSize / 4);
      sums.push(block.reduce((sum, word) => Math.imul(sum, 31) + word | 0, 0));
    }
  }
  return sums;
}

test("neither a watch on the TLBs nor an empty fast table changes a thing",
  () => {
    const plain = wander(() => {});
    assert.is(new Set(plain).size, plain.length);
    let used = 0;
    assert.equal(wander((cpu, i) => {
      if (i === 0) machineOf(cpu).watchTlb(() => { used++; });
    }), plain);
    assert.ok(used > 1000);
    assert.equal(wander((cpu, i) => {
      machineOf(cpu).watchTlb(i % 7 < 3 ? () => {} : undefined);
    }), plain);
    assert.equal(wander((cpu) => cpu.refresh()), plain);
  });

test("the short way goes up to a page's last word, and not across", () => {
  const cpu = paged();
  const other = (at: number, value: number) => put(cpu, 0x7000 + at, value);
  put(cpu, 0x5ffc, 0x11111111);
  put(cpu, 0x6000, 0x22222222);
  other(0xffc, 0x33333333);
  cpu.store(DATA, 0x5000, 4, 0);
  cpu.store(DATA, 0x6000, 4, 0x22222222);
  // The fast table alone is led astray, until somebody goes the long way.
  const host = cpu.board.layout.ramBase + 0x7000, right = cpu.fast[5]!;
  const astray = () => { cpu.fast[5] = (host ^ 0x5000) | (right & 4095); };
  for (const load of [cpu.load, cpu.loadForWrite].map((f) => f.bind(cpu))) {
    astray();
    assert.equal([load(DATA, 0x5ffc, 4), load(DATA, 0x5ffe, 2),
      load(DATA, 0x5fff, 1)], [0x33333333, 0x3333, 0x33]);
    assert.equal([load(DATA, 0x5ffd, 4) >>> 0, load(DATA, 0x5fff, 2)],
      [0x22111111, 0x2211]);
  }
  astray();
  cpu.store(DATA, 0x5ffc, 4, 0x44444444);
  cpu.store(DATA, 0x5ffe, 2, 0x5555);
  cpu.store(DATA, 0x5fff, 1, 0x66);
  assert.equal([get(cpu, 0x5ffc), get(cpu, 0x7ffc)],
    [0x11111111, 0x66554444]);
  cpu.store(DATA, 0x5ffe, 4, 0x77777777);
  assert.equal([get(cpu, 0x5ffc), get(cpu, 0x7ffc), get(cpu, 0x6000)],
    [0x77771111, 0x66554444, 0x22227777]);
});

test("an entry is found where a search of all of them finds it", () => {
  const cpu = paged(7, { dataTlb: 16, codeTlb: 5 }), { w } = cpu;
  let seed = 7;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return (seed >>> 16) % n;
  };
  const searched = (code: boolean, linear: number) => {
    const start = tlbStart(cpu, code);
    for (let i = 0; i < tlbSize(cpu, code); i++) {
      const page = w[start + 8 * i]!;
      const mask = page & PTE_PS ? 0xffc00000 : 0xfffff000;
      if (page & PTE_P && ((page ^ linear) & mask) === 0) return start + 8 * i;
    }
    return -1;
  };
  writeControl(cpu, 4, 0x90);
  for (const n of [1, 2]) put(cpu, DIRECTORY + 4 * n, TABLE | 7);
  let both = 0;
  for (let i = 0; i < 3000; i++) {
    const what = random(40), page = 1024 * (1 + random(2)) + random(12);
    const large = random(3) ? 0 : PTE_G;
    if (what < 3) put(cpu, DIRECTORY + 4 + 4 * random(2), TABLE | 7);
    else if (what < 6)
      put(cpu, DIRECTORY + 4 + 4 * random(2), 0x87 | large);
    else if (what === 6) writeControl(cpu, 3, DIRECTORY);
    else if (what === 7) invalidatePage(cpu, page << 12);
    else if (what === 8) cpu.refresh();
    else if (what === 9 && !random(9)) writeControl(cpu, 4, 0x10);
    else cpu.translate(page << 12, what < 20, false, what > 32);
    writeControl(cpu, 4, 0x90);
    for (const code of [false, true]) {
      for (let p = 1024; p < 3072; p += p % 1024 < 12 ? 1 : 1012) {
        const at = p << 12, found = tlbFind(cpu, code, at);
        assert.is(found, searched(code, at), `${i}: page ${p} ${code}`);
        if (found >= 0 && tlbEntries(cpu, code).filter((e) => e.large
          ? e.linear >>> 22 === p >>> 10 : e.linear >>> 12 === p).length > 1)
          both++;
      }
    }
  }
  assert.ok(both > 100, `${both} addresses had two entries`);
});

test("a page fault comes back as a number, and is the CPU's fault", () => {
  const cpu = paged(), to = (write: boolean) =>
    reach(cpu, 0x5123, write, true, false);
  assert.is(to(false), 0x5123);
  put(cpu, pte(5), 0x6000 | PTE_P | PTE_US);
  assert.is(to(false), 0x5123, "stale");
  assert.is(to(true), -1);
  assert.equal([cpu.fault?.message, tlbEntries(cpu, false).length],
    ["#PF(0x7) at 0x00005123", 0]);
  put(cpu, pte(5), 0x6000 | PTE_P | PTE_RW);
  assert.is(reach(cpu, 0x5123, false, false, false), 0x6123);
  // It is dropped by what it forbids, and then walked for.
  assert.is(to(false), -1);
  put(cpu, pte(5), 0x7000 | PTE_P | PTE_US);
  assert.is(to(false), 0x7123);
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
