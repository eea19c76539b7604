// The edges of lguest's ABI: the last byte, the first page, each bit. The
// sections are those of the facts.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { get, hostMemory, place } from "../src/host";
import { Data, Lguest, bootHost, lguestOf } from "../src/lguest";
import { guestOutcome, launcher, worldSwitches } from "../src/launcher";
import { tallySwitches } from "../src/debug";
import type { DevLguest } from "../src/lguest";
import { CPL, EIP, Machine, raiseNmi } from "../src/machine";
import { GENERAL, INIT, MiB, NOTE_DEPTH, OFF, PAGED, TO_RING_3, call, find,
  image, notes } from "./abi";
import type { Found } from "./abi";

test("§4: at noirq_iret the flags are those that an iret would load", () => {
  // CF PF AF ZF SF DF OF AC ID, and in ring 1 no others (SDM 2A, IRET); of
  // the others a handler begins without TF, NT, RF and VM.
  const loaded = 0x240cd5;
  for (const [flags, frame] of [[2, "%ebp"], [loaded, "$0"]] as const) {
    const seen = notes(INIT + GENERAL(32, 0x8e00) + `
    movl $0, data + 4
    movl $1, %ebp                 # each bit in turn
1:  movl $0, data
  ` + call(9, 100) + `
    movl $100, %ecx
2:  loop 2b
    movl $19, %eax
    movl $0x200, data
    pushl ${frame}
    pushl $0x61
    pushl $behind
    pushl $${flags}
    popfl
    int $0x1f
last_iret:
    iret
behind: ud2
handler32:
    pushfl
    popl %eax
    cld
    call note
    addl $12, %esp
    addl %ebp, %ebp
    cmpl $0x400000, %ebp
    jne 1b
    pushl $2
    popfl`, 22);
    assert.equal(seen, seen.map((_, bit) =>
      frame === "$0" ? 0x202 : 0x202 | (1 << bit & loaded)));
  }
});

test("§4: of irq_enabled one bit counts, and all the others don't", () => {
  const seen = notes(INIT + GENERAL(32, 0x8e00) + GENERAL(6, 0x8e00) + `
    movl $0, data + 4
    movl $~0x200, data
  ` + call(9, 100) + `
    movl $100, %ecx
1:  loop 1b
  ` + call(0) + `
    movl data + 20, %eax
    call note
    ud2
handler32:
    movl $0x77, %eax
    call note
handler6:
    movl 8(%esp), %eax
    andl $0x200, %eax
    call note`, 2);
  assert.equal(seen, [0x200, 0]);
});

test("§4: in ring 3 the address of noirq_iret is like any other", () => {
  const [depth, eip, cs, ss] = notes(PAGED + GENERAL(32, 0x8e00) +
    "movl $0, data + 4\n" + call(9, 100_000) + TO_RING_3 + `
program:
last_iret: jmp last_iret
handler32: ${NOTE_DEPTH}
    movl (%esp), %eax
    subl $program, %eax
    call note
    movl 4(%esp), %eax
    call note
    movl 16(%esp), %eax
    call note`, 4);
  assert.equal([depth! | 0, eip, cs, ss], [-20, 0, 0x73, 0x7b]);
});

for (const devicePages of [0, 256])
  test(`§8.2: memory, ${devicePages} pages for devices, and nothing`, () => {
    // SET_PTE puts an entry in at once, a touch asks for it; or no tables.
    const ways = (page: number) => {
      const pte = page * 4096 + 0x67;
      const make = `${PAGED}${GENERAL(14, 0x8e00)} movl $${pte}, 0x201640\n`;
      const set = call(14, 0x200000, 0x190000, pte);
      return [`${make} movb 0x190ffd, %al\n`,
        `${make} movb %al, 0x190ffd\n`,
        `${make} movl 0x191000, %eax\n${set} movb 0x190ffd, %al\n`,
        `${INIT}${GENERAL(14, 0x8e00)} movb ${page * 4096 + 0xffd}, %al\n`,
      ].map((text) => find(`${text}${OFF}handler14: ${OFF}`, { devicePages }));
    };
    for (const { reason, events } of ways(0x3ff)) {
      assert.is(reason, "done");
      assert.ok(events.every((e) => e.kind !== "ask-launcher"));
    }
    for (const page of new Set([0x400, 0x3ff + devicePages]))
      for (const { reason, events } of page < 0x400 || devicePages === 0 ? []
        : ways(page)) {
        assert.is(reason, "done");
        assert.equal(events.filter((e) => e.kind === "ask-launcher")
          .map((e) => e.address), [page * 4096 + 0xffd]);
      }
    for (const { reason } of ways(0x400 + devicePages))
      assert.is(reason, "bad page table entry");
  });

/** Page 0x190 behind the directory's second entry, too. */
const TWICE = "movl $0x201007, 0x200004\n";

// SDM 3A, 4.6: ring 3 may what both entries allow it. What a CPU would find
// in the tables at a fault need not be told; what it may still have in its
// TLB must be. The code's bit 0 is about the shadow (facts, §7: the hardware's
// code), so that it may be off though the page is there.
for (const [name, before, after, code] of [
  ["a table's entry, not told", "movl $0x201003, 0x200004", TWICE, 0],
  ["a page's, not told", "movl $0x190003, 0x201640",
    "movl $0x190007, 0x201640", 0],
  ["a page's, told", "movl $0x190003, 0x201640", "movl $0x190067, 0x201640\n" +
    call(14, 0x200000, 0x590000, 0x190067), 0],
  ["a table's, taken back with SET_PGD", TWICE,
    "movl $0x201003, 0x200004\n" + call(15, 0x200000, 1), 4],
  ["a table's, taken back with FLUSH_TLB", TWICE,
    "movl $0x201003, 0x200004\n" + call(5, 0), 4],
  ["a table's, taken back with cr3", TWICE,
    "movl $0x201003, 0x200004\n movl $0x200000, %eax\n mov %eax, %cr3", 4],
  ["a page's, taken back with SET_PTE", "", "movl $0x190063, 0x201640\n" +
    call(14, 0x200000, 0x590000, 0x190063), 4],
  ["an unused page's, taken back", "", "movl $0x190003, 0x201640\n" +
    call(14, 0x200000, 0x590000, 0x190003), 4],
] as const)
  test(`§8.2: the user's bit of ${name}, is what ring 3 meets`, () => {
    assert.equal(notes(PAGED + TWICE + GENERAL(14, 0x8e00) +
      GENERAL(0x80, 0xef00) + `${before}
      movl 0x590000, %eax
      ${after}
    ` + TO_RING_3 + `
program: movl 0x590000, %eax
    int $0x80
handler128:
    pushl $0
handler14:
    movl $0x69, %eax
    movl %eax, %ds
    popl %eax
    andl $6, %eax
    call note`, 1), [code]);
  });

test("§7: bit 0 of a page fault's code is the shadow's", () => {
  // A kernel's page that the shadow knows; and one that it has forgotten.
  for (const [after, code] of [["", 5], [call(5, 0), 4]] as const)
    assert.equal(notes(PAGED + TWICE + GENERAL(14, 0x8e00) + `
      movl $0x190003, 0x201640
      movl 0x590000, %eax
      ${after}
    ` + TO_RING_3 + `
program: movl 0x590000, %eax
handler14:
    movl $0x69, %eax
    movl %eax, %ds
    popl %eax
    call note`, 1), [code]);
});

test("§8.2: what a directory's entry may say: P RW US A D", () => {
  for (let bit = 1; bit < 12; bit++) {
    const entry = `movl $0x201001 + ${1 << bit}, 0x200004\n`;
    const look = "movl 0x590000, %eax\n";
    // From the beginning, or a large page under a shadow that is there.
    for (const way of bit !== 7 ? [entry] : [entry,
      `${TWICE}${look}${entry}${call(15, 0x200000, 1)}`])
      assert.is(find(PAGED + way + look + OFF).reason, 0x67 & (1 << bit)
        ? "done" : "bad page directory entry", `bit ${bit}`);
  }
});

test("§8.2: and one of a table, anything but PAT, or all if it is absent",
  () => {
    const tell = (pte: number) => `movl $${pte}, 0x201640\n` +
      call(14, 0x200000, 0x190000, pte);
    for (let bit = 1; bit < 12; bit++) {
      const { reason } = find(PAGED + "movl 0x191000, %eax\n" +
        tell(0x190001 + (1 << bit)) + "movl 0x190000, %eax\n" + OFF);
      assert.is(reason, bit === 7 ? "bad page table entry" : "done",
        `bit ${bit}`);
    }
    assert.is(find(PAGED + "movl 0x191000, %eax\n" +
      tell(0x7fffffffe | 0) + OFF).reason, "done");
  });

test("§8.3: SET_PTE puts in what has A; another's first touch sets A", () => {
  for (const [flags, filled] of [[3, true], [0x43, true], [0x23, false],
    [0x63, false]] as const) {
    const { notes: [pte], events, reason } = find(PAGED + `
      movl 0x191000, %eax
      movl $0x192000 + ${flags}, 0x201640
    ` + call(14, 0x200000, 0x190000, 0x192000 + flags) + `
      movl 0x190000, %eax
      movl 0x201640, %eax
      call note` + OFF);
    assert.is(reason, "done");
    assert.is(pte, 0x192020 | flags);
    assert.is(events.some((e) => e.kind === "shadow-fill" &&
      e.address === 0x190000), filled, `flags ${flags}`);
  }
});

/** Where shadows were filled behind a call, and how. */
function fillsBehind(number: number, { events }: Found): [number, number][] {
  const at = events.map((e) => e.kind === "hypercall" && e.number === number)
    .lastIndexOf(true), fills: [number, number][] = [];
  for (const e of events.slice(at + 1)) {
    if (e.kind !== "shadow-fill") break;
    fills.push([Number(e.address), Number(e.entry) & 0x43]);
  }
  return fills;
}

test("§8.4: the stack's pages are put in at once, for writing", () => {
  // Those of the bytes below the top, and a page below it.
  for (const [top, pages] of [[0x191000, 1], [0x191001, 1], [0x191004, 2]] as
    const) {
    const touched = PAGED + "movl 0x190000, %eax\n movl %eax, 0x192000\n";
    const set = `${call(7, 0x69, top, pages)} nop\n`;
    const expected = Array.from({ length: pages },
      (_, i) => [top - 1 - 4096 * i, 0x43]);
    assert.equal(fillsBehind(7, find(touched + set + OFF)), expected);
    assert.equal(fillsBehind(7, find(touched + set + set + OFF)), [],
      "they are there already");
    for (const [number, forget] of [[5, call(5, 1)], [4, `
        movl $0x200000, %esi
        movl $0x3ff000, %edi
        movl $1024, %ecx
        rep movsl
      ` + call(4, 0x3ff000)]] as const)
      assert.equal(fillsBehind(number, find(touched + set + forget + OFF))
        .slice(0, pages), expected, `hypercall ${number}`);
  }
});

test("§8.3: page tables end the time when memory is as it is", () => {
  for (const directory of [0x200000, 0])
    assert.equal(notes(INIT + `
    movl $0x111, 0x190000
    movl $0x222, 0x191000
  ` + PAGED.slice(INIT.length)
      .replace("movl $0x200000, %ebx", `movl $${directory}, %ebx`)
      .replace("movl $4, %eax", "movl $0x191007, 0x201640\n movl $4, %eax") + `
    movl 0x190000, %eax
    call note`, 1), [0x222], `a directory at ${directory}`);
});

/** Directories from 0x210000 on, all with the kernel's table, and each with
 * a table of its own: where all of them have 0x190000, it has page \`n\`. */
const FAMILY = PAGED + [0, 1, 2, 3, 4, 5].map((n) => `
    movl $${0x210000 + 0x2000 * n}, %edi
    movl $${0x211007 + 0x2000 * n}, (%edi)
    movl $0x201000, %esi
    addl $4096, %edi
    movl $1024, %ecx
    rep movsl
    movl $${0x190007 + 0x1000 * n}, ${0x211640 + 0x2000 * n}
    movl $${n + 1}, ${0x190000 + 0x1000 * n}
`).join("");
const member = (n: number) => call(4, 0x210000 + 0x2000 * n);

test("§8.3: six directories, and four shadows: each sees its own", () => {
  const look = "movl 0x190000, %eax\n call note\n";
  const order = [0, 1, 2, 3, 4, 5, 0, 2, 4, 1, 3, 5, 5, 4, 3, 2, 1, 0];
  assert.equal(notes(FAMILY + order.map((n) => member(n) + look).join(""),
    order.length), order.map((n) => n + 1));
});

test("§8.3: who comes back to a directory finds its shadow as it was", () => {
  const look = "movl 0x190000, %eax\n call note\n";
  assert.equal(notes(FAMILY + member(0) + look + member(1) + look +
    "movl $0x194007, 0x211640\n" + member(0) + look +
    call(15, 0x210000, 0) + look, 4), [1, 2, 1, 5]);
});

for (const [name, tell] of [
  ["FLUSH_TLB 1", call(5, 1)], ["FLUSH_TLB 2", call(5, 2)],
  ["SET_PGD", call(15, 0x200000, 1022)],
  ["cr3", "movl $0x200000, %eax\n mov %eax, %cr3\n"],
  ["SET_PTE", call(14, 0x200000, 0xffbff000, 0)],
] as const)
  test(`§8.3: ${name} reaches the last page below the Switcher`, () => {
    assert.equal(notes(PAGED + `
      movl $0x202007, 0x200ff8      # entry 1022
      movl $0x191067, 0x202ffc      # and the last one behind it
      movl $0x111, 0x191000
      movl $0x222, 0x192000
      movl 0xffbff000, %eax
      call note
      movl $0x192067, 0x202ffc
      ${tell}
      movl 0xffbff000, %eax
      call note`, 2), [0x111, 0x222]);
  });

for (const [what, kept] of [[0, 0x111], [1, 0x222]] as const)
  test(`§8.3: FLUSH_TLB ${what} and the edges of what it forgets`, () => {
    // The first and the last 4 MiB of the user's, the first of the kernel's.
    const look = [0, 0xbfc00000, 0xc0000000].map((start) =>
      `movl ${(start + 0x191000) >>> 0}, %eax\n call note\n`).join("");
    assert.equal(notes(PAGED + `
      movl $0x201007, 0x200bfc
      movl $0x201007, 0x200c00
      movl $0x111, 0x191000
      movl $0x222, 0x192000
      ${look}
      movl $0x192067, 0x201644
      ${call(5, what)}${look}`, 6), [0x111, 0x111, 0x111, 0x222, 0x222, kept]);
  });

test("§20: control registers go to and from each general register", () => {
  const registers = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
  const seen = notes(INIT + registers.map((r) => `
    movl $-1, %${r}
    mov %cr0, %${r}
    movl %${r}, %eax
    movl $stack, %esp
    call note
    movl $0x80000018, %${r}       # TS, and bits that aren't
    mov %${r}, %cr0
    smsw %eax
    andl $8, %eax
    movl $stack, %esp
    call note
    movl $0x80050033, %${r}       # all but TS
    mov %${r}, %cr0
    movl $stack, %esp`).join(""), 16);
  assert.equal(seen, registers.flatMap(() => [0x10011, 8]));
});

test("§20: a Guest that hasn't made INIT has a cr2 without a place", () => {
  assert.equal(notes(`
    movl $0x1234, %eax
    movl $0x55555555, 8           # where lguest_data would have it, at 0
    mov %eax, %cr2
    mov %cr2, %eax
    movl 8, %edx
  ` + INIT.replace("movl $1, %eax", "movl %eax, %ebp\n movl $1, %eax") + `
    movl %ebp, %eax
    call note
    movl %edx, %eax
    call note
    movl $0x1234, %eax
    mov %eax, %cr2
    movl data + 8, %eax
    call note
    mov %cr2, %ecx
    movl %ecx, %eax
    call note`, 4), [0, 0x55555555, 0x1234, 0x1234]);
});

test("a Launcher reaches all of its Guest's memory, and no more", () => {
  const size = 2 * MiB, machine = new Machine({ memory: 12 * MiB });
  let asked = 0;
  bootHost(machine, { guests: [{ name: "g", commandLine: "", memory: size,
    image: Uint8Array.of(0xf4) }], launcher: { step(dev) {
    const last = Uint8Array.of(1, 2, 3, 4), all = dev.readGuest(0, size)!;
    assert.is(all.length, size);
    for (const [at, length] of [[-1, 1], [-4, 8], [0, -1], [size, 1],
      [size - 3, 4], [0, size + 1], [1, size], [2 ** 32, 1]] as const)
      assert.is(dev.readGuest(at, length), undefined, `${at}, ${length}`);
    assert.is(dev.writeGuest(size - 4, last), true);
    assert.equal(dev.readGuest(size - 4, 4), last);
    assert.equal(dev.readGuest(size - 5, 3), Uint8Array.of(0, 1, 2));
    for (const at of [-4, -1, size - 3, size])
      assert.is(dev.writeGuest(at, last), false, `${at}`);
    assert.equal(dev.readGuest(size, 0), new Uint8Array(0));
    asked++;
    return "exit";
  } } });
  machine.run({ maxInstructions: 3e5 });
  assert.is(asked, 1);
});

test("§11: a Launcher is told seven bytes, and the device's address", () => {
  const results: unknown[] = [], inner = launcher(() => {});
  const step = (dev: DevLguest) => {
    if (dev.result instanceof Uint8Array) results.push([...dev.result]);
    return inner.step(dev);
  };
  const seen = find(PAGED + GENERAL(14, 0x8e00) + `
    movl $0x410007, 0x201640
    movl $0x0101058b, 0x1e0000    # movl 0x190101, %eax
    movl $0x00770019, 0x1e0004    # and one more
    movl $0x1e0000, %eax
    jmp *%eax
handler14: ` + OFF, { launcher: { step } });
  assert.is(seen.reason, "done");
  assert.equal(results, [[14, 0x8b, 5, 1, 1, 0x19, 0, 0x77,
    0x01, 0x01, 0x41, 0]]);
});

test("§7: a frame goes down from the top's page, or from the last byte's",
  () => {
    // 0x190000 is page 0x1a0, what is below it page 0x1b0; or there is
    // nothing at the top but the end of memory.
    const frame = (top: number, at: number) => notes(PAGED +
      GENERAL(6, 0x8e00) + `
      movl $0x1a0007, 0x201640
      movl $0x1b0007, 0x20163c
      ${call(5, 0)}
      movl $${top}, %esp
here: ud2
handler6:
      movl $stack, %esp
      movl $here, %eax
      subl ${at - 12}, %eax
      call note
      movl ${at - 8}, %eax
      call note`, 2);
    assert.equal(frame(0x190000, 0x1a0000), [0, 0x61]);
    assert.equal(frame(0x190002, 0x1a0002), [0, 0x61]);
    assert.equal(frame(0x400000, 0x400000), [0, 0x61]);
    assert.equal(frame(0x190ffc, 0x1a0ffc), [0, 0x61]);
  });

test("§7: what isn't present is no stack, whatever else it says", () => {
  for (const [pde, pte, esp, reason] of [
    [0x201006, 0x190007, 0x590000, "Bad address 0x590000"],
    [0x201007, 0x190006, 0x590010, "Bad address 0x590010"],
    [0x201001, 0x190001, 0x590010, "done"],
  ] as const)
    assert.is(find(PAGED + GENERAL(6, 0x8e00) + `
      movl $${pde}, 0x200004
      movl $${pte}, 0x201640
      movl $0, 0x20163c
      movl $${esp}, %esp
      ud2
handler6: ` + OFF).reason, reason);
});

test("§7: where memory ends there is no half of a word", () => {
  for (const [esp, reason] of [["0x400001", "bad write address 0x3ffffd"],
    ["0x400000", "done"], ["0", "bad write address 0xfffffffc"],
    ["12", "done"], ["11", "bad write address 0xffffffff"]] as const)
  {
    const found = find(INIT + GENERAL(6, 0x8e00) + `movl $${esp}, %esp
      ud2
handler6: ` + OFF);
    assert.is(found.reason, reason, esp);
    // Who died of it has no handler that could begin.
    assert.is(found.events.filter(({ kind }) => kind === "reflect").length,
      reason === "done" ? 1 : 0, esp);
  }
});

test("§8.2: what a Guest may only read doesn't become the Launcher's D",
  () => {
    for (const [pte, dirty] of [[0x190045, 0], [0x190047, 0x40]] as const) {
      const { machine, state } = find(PAGED + TWICE + `
      movl $${pte}, 0x201640
      movl 0x590000, %eax
1:    jmp 1b
`, {}, 1e6);
      assert.is(state, "running");
      const memory = hostMemory(machine), lg = lguestOf(0);
      const page = (get(memory, lg, Lguest.mem_base) >>> 12) + 0x190;
      const table = memory.load32(place.KERNEL +
        get(memory, lg, Lguest.directory) + 4 * (page >>> 10)) & -4096;
      const entry = memory.load32(place.KERNEL + table + 4 * (page & 1023));
      assert.is(entry & 0x41, dirty | 1);
    }
  });

test("§4: no stack at noirq_iret, no Guest", () => {
  const { reason } = find(PAGED + GENERAL(32, 0x8e00) + "movl $0, data\n" +
    "movl $0, data + 4\n" + call(9, 100) + `
    movl $100, %ecx
1:  loop 1b
    movl $0x10000000, %esp
    movl $0x200, data
    movl $19, %eax
    int $0x1f
last_iret: iret
handler32: ` + OFF);
  assert.is(reason, "Bad address 0x10000000");
});

test("§7: handlers lie anywhere, and ring 2 has the stack of ring 1", () => {
  const seen = notes(PAGED + `
    movl $stub, %esi              # to 0x13fff9, an address of many bits
    movl $0x13fff9, %edi
    movl $6, %ecx
    rep movsb
  ` + call(18, 14, 0xffff, 0xcfda00) + call(18, 15, 0xffff, 0xcfd200) +
    call(18, 20, 0xffff, 0xcf9200) + "movl $ring1_stack, %ecx\n" +
    call(7, 0xa1, 0, 1).replace("movl $0, %ecx\n", "") +
    call(6, 6, 0xfff9, 0x13ee00) + call(6, 5, 0xfff9, 0x13ef00) + `
    pushl $0x7a
    pushl $user_stack
    pushl $0x202
    pushl $0x72
    pushl $program
    iret
program: ud2
stub:
    .byte 0x68                    # pushl $handler6
    .long handler6
    ret
handler6: ${NOTE_DEPTH}
    movl %ss, %eax
    call note
    movl 4(%esp), %eax
    call note
    movl 16(%esp), %eax
    call note
    movl $stack, %esp
    movl $handler5, 0x13fffa
    xorl %ecx, %ecx
    boundl %ecx, scratch
    jmp 1f
handler5:
    movl $5, %eax
    call note
1:
    movl $0x69, %eax
    movl %eax, %ss`, 5, { rest: "scratch: .long 1, 2\n" });
  assert.equal(seen.map((n) => n | 0), [-20, 0xa1, 0x72, 0x7a, 5]);
});

test("§7: ring 2's single steps are no secret", () => {
  const [cs, from] = notes(PAGED + GENERAL(1, 0x8e00) +
    call(18, 14, 0xffff, 0xcfda00) + call(18, 15, 0xffff, 0xcfd200) + `
    pushl $0x7a
    pushl $user_stack
    pushl $0x302
    pushl $0x72
    pushl $program
    iret
program: nop
behind: nop
    jmp .
handler1:
    movl $0x69, %eax
    movl %eax, %ds
    movl 4(%esp), %eax
    call note
    movl (%esp), %eax
    subl $behind, %eax
    call note`, 2);
  assert.equal([cs, from], [0x72, 0]);
});

test("§2.2: before its page tables a Guest's memory is the kernel's", () => {
  const [error, eip] = notes(INIT + GENERAL(14, 0x8e00) +
    call(18, 14, 0xffff, 0xcffa00) + call(18, 15, 0xffff, 0xcff200) +
    "movl $0x69, %ebx\n movl $ring1_stack, %ecx\n movl $1, %edx\n" +
    "movl $7, %eax\n int $0x1f\n" + TO_RING_3 + `
program: nop
handler14:
    movl $0x69, %eax
    movl %eax, %ds
    movl (%esp), %eax
    call note
    movl 4(%esp), %eax
    subl $program, %eax
    call note`, 2);
  assert.equal([error, eip], [5, 0]);
});

test("§3.1: lguest_data may end with memory, and must not end behind it",
  () => {
    const at = (data: number) => find(INIT.replace("movl $data, %ebx", `
    movl $data, %esi
    movl $${data}, %edi
    movl $1388 / 4, %ecx
    cmpl $${0x400000 - 1388}, %edi
    ja 1f
    rep movsl
1:  movl $${data}, %ebx`) + OFF).reason;
    assert.is(at(0x400000 - 1388), "done");
    for (const less of [1387, 1386, 1384, 1380])
      assert.match(at(0x400000 - less), /^Bad address of lguest_data/);
  });

test("§3: TS is set by any number but 0", () => {
  const look = "smsw %ax\n andl $8, %eax\n call note\n";
  assert.equal(notes(INIT + [2, 0, 0x80000000, 0].map((n) =>
    call(8, n) + look).join(""), 4), [8, 0, 8, 0]);
});

test("§3: LOAD_TLS up to the last byte of memory", () => {
  for (const [at, reason] of [[0x3fffe8, "done"],
    [0x3fffe9, "Bad TLS address 0x3fffe9"], [0xfffffff0,
      "Bad TLS address 0xfffffff0"]] as const)
    assert.is(find(INIT + call(16, at, 0) + OFF).reason, reason);
});

test("§5: entries 10, 11, 16 and 31 are not the Guest's, whatever it says",
  () => {
    const lar = (selector: number) => `movl $${selector}, %eax
      xorl %edx, %edx
      larl %eax, %edx
      movl %edx, %eax
      call note\n`;
    // A data segment for ring 1 in each of them: none can be seen.
    assert.equal(notes(INIT + [10, 11, 16, 31].map((n) =>
      call(18, n, 0xffff, 0xcfb200)).join("") + [0x51, 0x59, 0x81, 0xf9]
      .map(lar).join("") + call(18, 30, 0xffff, 0xcfb200) + lar(0xf1), 5),
    [0, 0, 0, 0, 0xcfb300]);
  });

test("§6: of a gate's low word the selector is always the kernel's", () => {
  const idt = 0xffc02000 + 136 + 8 * 3;
  assert.equal(notes(INIT + call(6, 3, 0xffff1234, 0x10ef00) +
    `movl ${idt | 0}, %eax\n call note\n`, 1), [0x611234]);
});

test("a Guest that has no data segments may call, and trap", () => {
  assert.equal(notes(INIT + GENERAL(6, 0x8e00) + `
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    int $0x1f
    ud2
handler6:
    movl %ds, %ecx
    movl %es, %edx
    movl $0x69, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %ecx, %eax
    orl %edx, %eax
    call note`, 1), [0]);
});

test("system call vectors that aren't Linux's", () => {
  for (const [vector, hint] of [[0x7f, ""], [0xff, ""],
    [0x100, "; is it a kernel from before Linux 4.1?"]] as const)
    assert.is(find(INIT.replace("int $0x1f", `movl $${vector}, data + ${
      Data.syscall_vec.offset}\n int $0x1f`)).reason,
    `Bad syscall vector 0x${vector.toString(16)}${hint}`);
});

test("an interrupt for a Guest that sleeps, and hasn't made INIT", () => {
  const machine = new Machine({ memory: 12 * MiB });
  const inner = launcher(() => {});
  let began = false;
  bootHost(machine, { guests: [{ name: "g", commandLine: "",
    memory: 2 * MiB, image: image("hlt\n jmp .") }],
  launcher: { step(dev) {
    const next = inner.step(dev);
    if (!began) assert.is(dev.write(2, 5), 0);
    began = true;
    return next;
  } } });
  assert.is(machine.run({ maxInstructions: 3e5 }).reason, "halted");
  assert.is(guestOutcome(machine, 0).state, "running");
});

test("what one Guest has written the next one doesn't find", () => {
  const scan = (from: number, text: string) => `${INIT}
    movl $${from}, %esi
1:  ${text}
    addl $4096, %esi
    cmpl $0x400000, %esi
    jb 1b` + OFF;
  // At the end of each page, since a free one's begin is the Host's.
  const guests = [scan(0x200000, "movl $0x5ec7e7, 0xffc(%esi)"),
    scan(0, "cmpl $0x5ec7e7, 0xffc(%esi)\n je .")].map((text) =>
    ({ name: "g", image: image(text), commandLine: "", memory: 4 * MiB }));
  const machine = new Machine({ memory: 12 * MiB });
  bootHost(machine, { guests, sequential: true, launcher: launcher(() => {}) });
  machine.run({ maxInstructions: 2e6 });
  for (const n of [0, 1]) assert.is(guestOutcome(machine, n).reason, "done");
});

test("§10: each Guest meets its own gates and segments, on any CPU", () => {
  // Each changes a gate and a segment, sleeps, and then looks at both.
  const text = (n: number) => INIT + GENERAL(32, 0x8e00) + `
    movl $0, data + 4
    movl $40, %ebp
1:  movl $0, data
    movl $18, %eax                # a limit
    movl $20, %ebx
    leal ${1000 * n}(%ebp), %ecx
    movl $0x40b200, %edx
    int $0x1f
    movl $handler3, %ecx          # a direct gate
    testl $1, %ebp
    jz 2f
    movl $other3, %ecx
2:  movl %ecx, %edx
    andl $0xffff0000, %edx
    orl $0xaf00, %edx
    movl $6, %eax
    movl $3, %ebx
    int $0x1f
    movl $9, %eax
    movl $${1000 + 700 * n}, %ebx
    int $0x1f
    movl $10, %eax
    int $0x1f
    movl $300, %ecx
3:  loop 3b
    movl $0xa1, %eax
    xorl %ecx, %ecx
    lsll %eax, %ecx
    leal ${1000 * n}(%ebp), %eax
    cmpl %eax, %ecx
    jne .
    int3
    movl %ebp, %ecx
    andl $1, %ecx
    addl $${100 * n}, %ecx
    cmpl %ecx, %eax
    jne .
    decl %ebp
    jnz 1b
` + OFF + `
handler32:
    pushl 8(%esp)
    popl data
last_iret: iret
    .fill ${16 * n}, 1, 0x90
handler3: movl $${100 * n}, %eax
    iret
other3: movl $${100 * n + 1}, %eax
    iret`;
  const machine = new Machine({ memory: 24 * MiB, cpus: 2 });
  bootHost(machine, { launcher: launcher(() => {}), guests: [1, 2, 3].map(
    (n) => ({ name: "g", image: image(text(n)), commandLine: "",
      memory: 2 * MiB })) });
  machine.run({ maxInstructions: 2e6,
    schedule: { kind: "round-robin", quantum: 500 } });
  for (const n of [0, 1, 2]) assert.is(guestOutcome(machine, n).reason, "done");
});

test("§3: of a last message 128 bytes are read, or what memory has", () => {
  const last = (at: number, length: number) => find(INIT + `
    movl $${at}, %edi
    movl $${length}, %ecx
    movl $0x79, %eax
    rep stosb
  ` + call(2, at, 1));
  for (const [at, length, read] of [[0x200000, 150, 128],
    [0x200000, 127, 127], [0x3ffff0, 16, 16], [0x3fffff, 1, 1]] as const)
    assert.equal(last(at, length).reason, "y".repeat(read));
});

test("in the accounts a system call is a trap, not an interrupt", () => {
  const machine = new Machine({ memory: 20 * MiB });
  bootHost(machine, { launcher: launcher(() => {}), guests: [{ name: "g",
    commandLine: "", memory: 4 * MiB, image: image(INIT +
      GENERAL(0x80, 0xae00) + "int $0x80\n".repeat(3) + OFF +
      "handler128: iret\n") }] });
  const { causes } = tallySwitches(machine).of(0);
  machine.run({ maxInstructions: 1e5 });
  assert.is(guestOutcome(machine, 0).reason, "done");
  assert.is(causes.get("system call, reflected"), 3);
  assert.is(causes.get("another interrupt of the Host's"), undefined);
});

for (const [ring, text] of [[1, INIT], [3, PAGED + TO_RING_3]] as const)
  test(`§9: an NMI in ring ${ring} is dropped, and nobody knows`, () => {
    const machine = new Machine({ memory: 20 * MiB });
    bootHost(machine, { launcher: launcher(() => {}), guests: [{ name: "g",
      commandLine: "", memory: 4 * MiB, image: image(text +
        "program: 1: incl 0x190000\n jmp 1b") }] });
    machine.run({ maxInstructions: 60_000 });
    const cpu = machine.cpus[0]!;
    const step = () => machine.run({ maxInstructions: 1 });
    const state = () => [cpu.w[CPL], ...cpu.w.subarray(0, EIP + 1),
      cpu.eflags(), worldSwitches(machine, 0)];
    for (let i = 0; i < 5; i++) {
      step();
      const before = state();
      assert.is(before[0], ring);
      raiseNmi(cpu);
      step();
      assert.is(cpu.w[CPL], 0, "it was taken");
      for (let n = 0; n < 10 && cpu.w[CPL] === 0; n++) step();
      assert.equal(state(), before);
    }
  });

test.run();
