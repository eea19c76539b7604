// lguest's ABI as a Guest sees it. The sections are those of the facts.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { attachHost, bootHost, Data } from "../src/lguest";
import { guestOutcome, launcher, worldSwitches } from "../src/launcher";
import type { DevLguest } from "../src/lguest";
import { Machine } from "../src/machine";
import { GENERAL, HANDLER, INIT, MiB, NOTE_DEPTH, OFF, PAGED, TO_RING_3, call,
  find, image, notes } from "./abi";

for (const number of [3, 11, 12, 13, 20, 0x80000000])
  test(`§3: there is no hypercall ${number}`, () => {
    assert.is(find(INIT + call(number)).reason, `Bad hypercall ${number}`);
  });

const killers: [string, string, RegExp][] = [
  ["§6: vector 256", call(6, 256, 0, 0x8e00), /idt entry 256/],
  ["§6: a call gate", call(6, 3, 0, 0x8c00), /bad IDT type 12/],
  ["§6: a task gate", call(6, 0x80, 0, 0x8500), /bad IDT type 5/],
  ["§3: a stack of ring 0", call(7, 0x68, 0x100000, 1), /stack segment/],
  ["§3: a stack of ring 3", call(7, 0x7b, 0x100000, 1), /stack segment/],
  ["§3: three stack pages", call(7, 0x69, 0x100000, 3), /stack pages 3/],
  ["§8.4: a stack that isn't there", call(7, 0x69, 0x700000, 1),
    /bad (stack page|page table entry)/],
  ["§8.4: a stack in the Switcher", call(7, 0x69, 0xffc01000, 1),
    /bad (stack page|page table entry)/],
  ["§5: entry 32", call(18, 32, 0, 0), /gdt entries 32/],
  ["§5: entry 2^31", call(18, 0x80000000, 0, 0), /gdt entries/],
  ["§5: TLS outside memory", call(16, 0x3ffff0, 0), /TLS address/],
  ["§8.3: entry 1024", call(15, 0x200000, 1024), /index 1024/],
  ["§7: a trap without a gate", "ud2", /^unhandled trap 6 at/],
  ["§7: a system call without a gate", "int $0x80", /trap 13 .*0x402/],
  ["§3: INIT in the ring",
    "movl $1, data + 88\n movb $0, data + 24\n" + call(0), /INIT for the sec/],
];

for (const [name, text, reason] of killers)
  test(`kills: ${name}`, () => {
    const found = find(`${INIT}${text}\n1: jmp 1b\n`);
    assert.is(found.state, "killed", name);
    assert.match(found.reason, reason);
  });

test("§3: a hypercall preserves all registers and flags", () => {
  const seen = notes(INIT + `
    movl $8, %eax
    movl $0, %ebx
    movl $3, %ecx
    movl $4, %edx
    movl $5, %esi
    movl $6, %edi
    movl $7, %ebp
    std
    stc
    int $0x1f
    pushfl
    pushal
    cld
    movl $9, %ecx
1:  popl %eax
    call note
    loop 1b
  `, 9);
  assert.equal(seen.map((v, i) => i === 3 ? 0 : v),
    [6, 5, 7, 0, 0, 4, 3, 8, seen[8]]);
  assert.is(seen[8]! & 0x601, 0x601);
});

test("§3.1: INIT tells reserve_mem, the clock's speed, and the time", () => {
  const seen = notes(INIT + ["1368", "1372", "12", "16"].map((at) =>
    `movl data + ${at}, %eax\n call note\n`).join(""), 4,
  { startDate: 1_000_000_000 });
  assert.is(seen[0], 0x400000);
  assert.is(seen[1], 100_000);
  assert.is(seen[2], 1_000_000_000);
  assert.ok(seen[3]! > 0 && seen[3]! < 1e7 && seen[3]! % 10 === 0);
});

const post = (slot: number, number: number, ...args: number[]) =>
  [number, ...args].map((value, i) =>
    `movl $${value | 0}, data + ${88 + 20 * slot + 4 * i}\n`).join("") +
  `movb $0, data + ${24 + slot}\n`;

test("§3.2: the ring is drained in order, from where we stopped", () => {
  const found = find(INIT + post(0, 19) + post(1, 0) + call(8, 1) +
    post(2, 8, 1) + post(4, 8, 2) + call(0) + post(3, 0) + call(0) +
    "movl data + 24, %eax\n call note\n movl data + 28, %eax\n call note\n" +
    OFF);
  const calls = found.events.filter((e) => e.kind === "hypercall")
    .map((e) => e.posted ? `(${e.number})` : String(e.number));
  assert.is(calls.join(" "), "1 (19) (0) 8 (8) 0 (0) (8) 0 2");
  assert.equal(found.notes.slice(0, 2), [0xffffffff, 0xffffffff]);
});

test("§3.2: a full ring, and round the corner", () => {
  const all = Array.from({ length: 64 }, (_, i) => post(i, 8, i)).join("");
  const found = find(INIT + post(0, 0) + call(0) + all + call(0) + OFF);
  const posted = found.events.filter((e) =>
    e.kind === "hypercall" && e.posted).map((e) => (e.args as number[])[0]!);
  assert.is(posted.length, 65);
  assert.equal(posted.slice(1),
    [...Array.from({ length: 63 }, (_, i) => i + 1), 0]);
});

test("§3.2: what is for the Launcher interrupts the ring", () => {
  const { console, events } = find(INIT + "movl $text, %eax\n" +
    "movl %eax, data + 92\n movl %eax, data + 112\n" +
    "movl $17, data + 88\n movl $17, data + 108\n movw $0, data + 24\n" +
    call(0) + OFF + "text: .asciz \"hm \"\n");
  assert.is(console, "hm hm ");
  const calls = events.filter((e) => e.kind === "hypercall");
  assert.equal(calls.map((e) => e.number), [1, 17, 17, 0, 2]);
});

test("§20: strict Guests have no NOTIFY", () => {
  const { reason } = find(INIT + call(17, 0x100000), { abi: "strict" });
  assert.is(reason, "Bad hypercall 17");
});

test("§7: a trap in ring 1 is pushed where the Guest is", () => {
  const seen = notes(INIT + `
    movl $6, %ebx
    movl $handler, %ecx
    movl $0x8e00, %edx
    call gate
    movl $stack, %eax
    call note
    stc
here: ud2
back:`, 8, { rest: HANDLER("handler", `
    movl %esp, %eax
    call note
    movl (%esp), %eax
    call note
    movl $here, %eax
    call note
    movl 4(%esp), %eax
    call note
    movl 8(%esp), %eax
    call note
    movl data, %eax
    call note
    pushfl
    popl %eax
    call note
    movl $back, (%esp)
    iret`) });
  const [top, esp, eip, here, cs, eflags, enabled, now] = seen;
  assert.is(esp, top! - 12);
  assert.is(eip, here);
  assert.is(cs, 0x61);
  assert.is(eflags! & 0x201, 0x201);
  assert.is(enabled, 0, "an interrupt gate turns interrupts off");
  assert.is(now! & 0x200, 0x200, "but never the real ones");
});

test("§7: a frame says that interrupts were off, when they were", () => {
  const seen = notes(INIT + `
    movl $0x80, %ebx
    movl $handler, %ecx
    movl $0xae00, %edx
    call gate
    movl $0, data
    int $0x80
    movl $0x200, data
    int $0x80`, 2, { rest: HANDLER("handler", `
    movl 8(%esp), %eax
    andl $0x200, %eax
    call note
    movl $0x200, data
    iret`) });
  assert.equal(seen, [0, 0x200]);
});

test("§7: from ring 3 to the Guest's stack, with the error code", () => {
  const found = find(PAGED + GENERAL(13, 0x8e00) + GENERAL(14, 0x8e00) +
    "movl $0, 0x201604\n" + call(14, 0x200000, 0x181000, 0) + TO_RING_3 + `
program: movl 0x181004, %eax
handler14: ${NOTE_DEPTH}
    movl (%esp), %eax
    call note
    movl 8(%esp), %eax
    call note
    movl 20(%esp), %eax
    call note
    movl data + 8, %eax
    call note
    movl $int14, 4(%esp)
    addl $4, %esp
    iret
int14: int $14
handler13:
    movl $0x69, %eax
    movl %eax, %ds
    movl (%esp), %eax
    call note
` + OFF);
  assert.is(found.reason, "done");
  assert.equal(found.notes.slice(0, 6).map((n) => n | 0),
    [-24, 4, 0x73, 0x7b, 0x181004, 14 * 8 + 2]);
});

test("§6: direct gates cost no world switch, in ring 1 and from ring 3", () => {
  const found = find(PAGED + GENERAL(0x80, 0xef00) + GENERAL(6, 0x8f00) +
    TO_RING_3 + `
program: int $0x80
    ud2
handler128:
    iret
handler6: ${NOTE_DEPTH}
    movl data, %eax
    call note
    movl (%esp), %eax
    subl $program, %eax
    call note
` + OFF);
  assert.is(found.reason, "done");
  assert.equal(found.notes.slice(0, 3).map((n) => n | 0), [-20, 0x200, 2]);
  assert.is(found.events.filter((e) => e.kind === "reflect").length, 0);
});

test("§6: the real IDT, read by the Guest itself", () => {
  const idt = 0xffc02000 + 136;
  const seen = notes(INIT + [2, 8, 15, 0x1f].map((n) =>
    call(6, n, 0x1234, 0x10ef00)).join("") +
    call(6, 3, 0x1234, 0x10ef00) + call(6, 4, 0x1234, 0x10ee00) +
    call(6, 14, 0x1234, 0x10ef00) + call(6, 33, 0x1234, 0x10ef00) +
    call(6, 0x80, 0x1234, 0x10ef00) + call(6, 0x80, 0, 0x6f00) +
    [2, 8, 0x1f, 3, 4, 14, 33, 0x80].map((n) =>
      `movl ${(idt + 8 * n) | 0}, %eax\n shrl $16, %eax\n` +
      `movw ${(idt + 8 * n + 4) | 0}, %dx\n shll $16, %edx\n` +
      "orl %edx, %eax\n call note\n").join(""), 8);
  assert.equal(seen.map((n) => n.toString(16)), [
    "8e000050", "8e000050", "ae000050", "ef000061", "ee000050",
    "8e000050", "8e000050", "8e000050"]);
});

test("§5: descriptors get DPL 1 and the accessed bit", () => {
  const lar = (selector: number) =>
    `movl $-1, %edx\n movl $${selector}, %eax\n lar %eax, %edx\n` +
    "movl %edx, %eax\n shrl $8, %eax\n call note\n";
  const seen = notes(INIT + call(18, 14, 0xffff, 0xcff200) +
    call(18, 15, 0xffff, 0xcf9a00) + call(18, 10, 0xffff, 0xcffa00) +
    call(18, 18, 0x610000, 0x8c00) + call(18, 19, 0x67, 0x108900) +
    "movl $tls, %ebx\n movl $16, %eax\n int $0x1f\n" +
    [0x73, 0x79, 0x33, 0x39].map(lar).join(""), 4,
  { rest: "tls: .long 0xffff, 0xcff200, 0xffff, 0xcf9200, 0, 0\n" });
  assert.equal(seen.map((n) => n & 0xff), [0xf3, 0xbb, 0xf3, 0xb3]);
  for (const bad of ["lcall $0x91, $0", "ljmp $0x99, $0", "ljmp $0x50, $0"]) {
    const found = find(INIT + call(18, 18, 0x500000, 0xffc08c00) +
      call(18, 19, 0x67, 0x108900) + bad);
    assert.match(found.reason, /unhandled trap 13 .*\(0x(90|98|50)\)/, bad);
  }
});

test("§4: a masked interrupt waits, and nothing is pending", () => {
  const found = find(INIT + GENERAL(32, 0x8e00) + `
    movl $0, data                 # off
    movl $0, data + 4             # not masked
  ` + call(9, 1000) + `
    movl $3000, %ecx
1:  loop 1b
  ` + call(0) + `
    movl data + 20, %eax          # pending
    call note
    movl $1, data + 4             # masked
  ` + call(0) + `
    movl data + 20, %eax          # no more
    call note
    movl $0, data + 4
    movl $0x200, data
  ` + call(19) + OFF + `
handler32:
    movl $0x77, %eax
    call note
    movl data, %eax
    call note
    movl data + 20, %eax
    call note
    movl $0x200, data
    iret`);
  assert.is(found.reason, "done");
  assert.equal(found.notes.slice(0, 5), [0x200, 0, 0x77, 0, 0]);
});

test("§4: at noirq_iret there is no second frame", () => {
  const found = find(INIT + GENERAL(32, 0x8e00) + "movl $0, data\n" +
    "movl $0, data + 4\n" + call(9, 1000) + `
    movl $3000, %ecx
1:  loop 1b
    pushl $0x24cd5                # what the frame's flags would be
    pushl $0x61
    pushl $behind
    movl $0x200, data
    movl $19, %eax
    int $0x1f                     # and the next is the iret
last_iret:
    iret
behind:
` + OFF + `
handler32:
    movl %esp, %eax
    subl $stack, %eax
    call note
    pushfl
    popl %eax
    call note
    movl (%esp), %eax
    subl $behind, %eax
    call note
    movl $0x200, data
    iret`);
  assert.is(found.reason, "done");
  const [depth, flags, where] = found.notes;
  assert.is(depth! | 0, -12);
  assert.is(flags! & 0x27cd5 & ~0x8d5, 0x400, "no NT, no VM, IOPL 0");
  assert.is(flags! & 0x200, 0x200, "the real IF stays on");
  assert.is(where, 0);
});

test("§4: no forged frame turns the Host's interrupts off", () => {
  const found = find(INIT + GENERAL(32, 0x8e00) + `
    movl $0, data + 4
    movl $0, data
  ` + call(9, 100) + `
    movl $1000, %ecx
1:  loop 1b
    pushl $0x3002                 # IOPL 3, IF off
    pushl $0x61
    pushl $0
    movl $0x200, data
    movl $19, %eax
    int $0x1f
last_iret:
    iret
handler32:
    pushfl
    popl %eax
    call note
    movl $0x200, data
  ` + OFF);
  assert.is(found.notes[0]! & 0x3200, 0x200);
});

test("§4: HALT wakes up with interrupts on, and the clock goes", () => {
  const found = find(INIT + GENERAL(32, 0x8e00) + `
    movl $0, data + 4
    movl $0, data
    movl $3, %ebp
1:  movl $9, %eax
    movl $1500000000, %ebx        # a second and a half
    int $0x1f
    movl $10, %eax
    int $0x1f
    decl %ebp
    jnz 1b
  ` + OFF + `
handler32:
    movl data + 12, %eax
    call note
    movl 8(%esp), %eax
    andl $0x200, %eax
    call note
    iret`, { startDate: 5000 });
  assert.is(found.reason, "done");
  assert.equal(found.notes.slice(0, 6),
    [5001, 0x200, 5003, 0x200, 5004, 0x200]);
  assert.ok(found.machine.time > 4.5e8);
  assert.ok(found.machine.count < 100_000, "nobody counts the time away");
});

test("§4: the time never runs backwards, whatever CPU a Guest is on", () => {
  const text = INIT + GENERAL(32, 0x8e00) + `
    movl $0, data + 4
1:  movl $0, data                 # or it might come before HALT
    movl $9, %eax
    movl $20000, %ebx
    int $0x1f
    movl $10, %eax
    int $0x1f
    movl $3000, %ecx
2:  loop 2b
    jmp 1b
handler32:
    movl data + 16, %eax
    cmpl %eax, NOTES
    ja 3f
    movl %eax, NOTES
    pushl 8(%esp)
    popl data
last_iret:
    iret
3:` + OFF;
  const guests = [0, 1, 2, 3].map(() => ({ name: "g", image: image(text),
    commandLine: "", memory: 2 * MiB }));
  const machine = new Machine({ memory: 24 * MiB, cpus: 2 });
  bootHost(machine, { launcher: launcher(() => {}), guests });
  machine.run({ maxInstructions: 3e6,
    schedule: { kind: "round-robin", quantum: 20_000 } });
  for (const n of [0, 1, 2, 3]) {
    assert.is(guestOutcome(machine, n).state, "running");
    assert.ok(worldSwitches(machine, n) > 100);
  }
});

test("§3: SET_CLOCKEVENT of 0 cancels, and a later one replaces", () => {
  const found = find(INIT + GENERAL(32, 0x8e00) + "movl $0, data + 4\n" +
    call(9, 1000000) + call(9, 0) + call(9, 3000000) + call(9, 2000000) +
    call(10) + call(10) + `
handler32:
    movl data + 16, %eax
    call note
    iret`, { startDate: 0 });
  assert.is(found.state, "running");
  assert.ok(found.halted, "silence");
  assert.is(found.events.filter((e) => e.kind === "guest-irq").length, 1);
});

test("§4: of those that wait and aren't masked, the lowest goes first", () => {
  const order: unknown[] = [], inner = launcher(() => {});
  let noted: number[] = [];
  const step = (dev: DevLguest) => {
    if (typeof dev.result === "number")
      noted = [...new Uint32Array(dev.readGuest(0x180000, 16)!.buffer)];
    if (dev.result instanceof Uint8Array && dev.result.length === 4)
      for (const irq of [9, 31, 4, 12]) assert.is(dev.write(2, irq), 0);
    return inner.step(dev);
  };
  const machine = new Machine({ memory: 20 * MiB });
  bootHost(machine, { launcher: { step }, guests: [{ name: "g",
    commandLine: "", memory: 4 * MiB, image: image(INIT +
      [36, 41, 44, 63].map((n) => `movl $${n}, %ebx\n movl $handler, %ecx\n` +
        "movl $0x8e00, %edx\n call gate\n").join("") + `
    movl $0, data
    movl $0x10, data + 4          # irq 4 is masked
  ` + call(17, 0x180000) + `
    movl $0x200, data
  ` + call(19).repeat(4) + `
    movl $0, data + 4
  ` + call(19) + OFF + `
handler:
    movl data + 20, %eax          # are there more?
    call note
    pushl 8(%esp)
    popl data
last_iret:
    iret`) }] });
  machine.events.on(({ kind, irq }) => {
    if (kind === "guest-irq") order.push(irq);
  });
  machine.run({ maxInstructions: 1e6 });
  assert.is(guestOutcome(machine, 0).reason, "done");
  assert.equal(order, [9, 12, 31, 4]);
  assert.equal(noted, [0x200, 0x200, 0, 0]);
});

test("a Guest can't keep the CPU by setting its alarm", () => {
  const machine = new Machine({ memory: 28 * MiB });
  const hog = image(INIT +
    "1: movl $9, %eax\n movl $1000000, %ebx\n int $0x1f\n jmp 1b\n");
  const other = image(INIT + "movl $100000, %ecx\n 1: loop 1b\n" + OFF);
  bootHost(machine, { launcher: launcher(() => {}), guests: [hog, other].map(
    (bytes) => ({ name: "g", image: bytes, commandLine: "",
      memory: 4 * MiB })) });
  machine.run({ maxInstructions: 2e6 });
  assert.is(guestOutcome(machine, 1).reason, "done");
  assert.ok(worldSwitches(machine, 0) > 20);
});

test("§8.2: A at the first touch, D at the first write", () => {
  const pte = (0x201000 + 4 * 0x190);
  const seen = notes(PAGED + `
    movl 0x190000, %eax
    movl ${pte}, %eax
    call note
    movl %eax, 0x190000
    movl ${pte}, %eax
    call note`, 2);
  assert.equal(seen, [0x190027, 0x190067]);
});

test("§8.3: an address of the kernel is set in all directories", () => {
  const seen = notes(PAGED + `
    movl $0x2000, %ecx            # a kernel page at 0xc0000000
    movl $0x202007, 0x200c00
    movl $0x191067, 0x202000
    movl $0x200000, %esi          # a second directory, the same tables
    movl $0x203000, %edi
    movl $1024, %ecx
    rep movsl
    movl $0x111, 0x191000
    movl $0x222, 0x192000
    movl 0xc0000000, %eax
    call note
  ` + call(4, 0x203000) + `
    movl 0xc0000000, %eax
    call note
    movl $0x192067, 0x202000
  ` + call(14, 0x203000, 0xc0000000, 0x192067) + `
    movl 0xc0000000, %eax
    call note
  ` + call(4, 0x200000) + `
    movl 0xc0000000, %eax
    call note`, 4);
  assert.equal(seen, [0x111, 0x111, 0x222, 0x222]);
});

test("§8.3: what isn't told isn't seen, and FLUSH_TLB tells", () => {
  const seen = notes(PAGED + `
    movl $0x111, 0x191000
    movl $0x222, 0x192000
    movl $0x192067, 0x201644      # page 0x191 is 0x192 now
    movl 0x191000, %eax
    call note
  ` + call(5, 0) + `
    movl 0x191000, %eax
    call note`, 2);
  assert.equal(seen, [0x111, 0x222]);
});

test("§8.2: a device's page goes to the Launcher, and comes back", () => {
  const found = find(PAGED + GENERAL(14, 0x8e00) + `
    movl $0x410067, 0x201640      # page 0x190 is behind memory
  ` + call(14, 0x200000, 0x190000, 0x410067) + `
    movl 0x190123, %eax
handler14:
    movl data + 8, %eax
    call note
` + OFF);
  assert.is(found.reason, "done");
  assert.is(found.notes[0], 0x190123);
  const asked = found.events.filter((e) => e.kind === "ask-launcher");
  assert.equal(asked.map((e) => [e.trap, e.address]), [[14, 0x410123]]);
});

test("§8.2: a device's page has no bit for PSE or PAT", () => {
  const make = "movl $0x4100e7, 0x201640\n";
  for (const touch of ["movl 0x190000, %eax\n",
    call(14, 0x200000, 0x190000, 0x4100e7)])
    assert.is(find(PAGED + "movl 0x191000, %eax\n" + make + touch).reason,
      "bad page table entry");
});

test("a Guest that needs more shadows than it may is slow, and alive", () => {
  const found = find(PAGED + `
    movl $0x200004, %edi          # all of the directory: the same table
    movl $767, %ecx
    movl $0x201007, %eax
    rep stosl
  ` + call(5, 1) + `
    movl $3, %ebp
1:  movl $0x180100, %esi
2:  incl (%esi)
    addl $0x400000, %esi
    cmpl $0xbfc00000, %esi
    jb 2b
    decl %ebp
    jnz 1b
    movl 0x180100, %eax
    call note
  ` + OFF, {}, 5e6);
  assert.is(found.reason, "done");
  assert.is(found.notes[0], 3 * 767);
});

test("§20: control registers, hlt, ports and MSRs in ring 1", () => {
  const seen = notes(INIT + `
    mov %cr0, %eax
    call note
    movl $8, %eax
    mov %eax, %cr0
    mov %cr0, %eax
    call note
    mov %cr4, %eax
    call note
    mov %cr3, %eax
    call note
    movl $0x55, %eax
    movl $0x55, %edx
    rdmsr
    addl %edx, %eax
    call note
    movl $0x12345678, %eax
    inb $0x60, %al
    call note
    inw $0x61, %ax
    call note
    inb $0x42, %al
    call note
    movw $0x64, %dx
    inb (%dx), %al
    call note
    inl (%dx), %eax
    call note
    outl %eax, $0x80
    cli`, 10);
  assert.equal(seen.map((n) => n.toString(16)), ["10011", "10019", "0", "0",
    "0", "123456ff", "12340020", "12340000", "12340001", "1"]);
});

test("§12.1: what nobody emulates comes back as the fault it was", () => {
  const seen = notes(INIT + GENERAL(13, 0x8e00) + `
    sti
    rdmsr
    lgdt data`, 3, { rest: HANDLER("handler13", `
    popl %eax
    pushl %eax
    movl (%esp), %ebx
    movl 4(%esp), %ebx
    movb (%ebx), %al
    movzbl %al, %eax
    call note
    cmpb $0xfb, %al
    je 1f
    addl $1, 4(%esp)
    cmpw $0x320f, (%ebx)
    je 1f
    addl $5, 4(%esp)
1:  addl $1, 4(%esp)
    addl $4, %esp
    iret`) });
  assert.equal(seen, [0xfb, 0x0f, 0x0f]);
});

test("§3: TS sets CR0.TS, in the Guest's world alone", () => {
  const look = "smsw %ax\n andl $8, %eax\n call note\n";
  const seen = notes(INIT + look + call(8, 5) + look + call(0) + look +
    call(8, 0) + look, 4);
  assert.equal(seen, [0, 8, 8, 0]);
});

test("§11: what a Launcher may ask for, and what it gets", () => {
  const answers: [string, number][] = [];
  const machine = new Machine({ memory: 12 * MiB });
  bootHost(machine, { guests: [{ name: "g", commandLine: "",
    memory: 1 * MiB, image: Uint8Array.of(0xf4, 0xeb, 0xfd) }],
  launcher: { step(dev) {
    const ask = (...words: number[]) =>
      answers.push([words.join(" "), dev.write(...words)]);
    if (typeof dev.result === "number") return "exit";
    ask(2, 1);
    ask(0, dev.memBase, 257, 0, 257);
    ask(0, 0, 256, 0, 256);
    dev.writeGuest(0x1000, dev.readImage(0, 3));
    ask(0, dev.memBase, 256, 0x1000, 256);
    ask(0, dev.memBase, 256, 0x1000, 256);
    for (const retired of [1, 3, 4, 8, 0xffffffff]) ask(retired, 0, 0);
    ask(2, 31);
    ask(2, 32);
    ask(5, 44);
    ask(5, 52);
    assert.equal([...dev.read()], [0x61, 0, 0, 0]);
    for (const fixed of [28, 32, 36, 40, 44, 52, 56, 64, 1]) ask(6, fixed, 0);
    ask(6, 60, 0x2000);
    ask(7, 256);
    return "read";
  } } });
  machine.run({ maxInstructions: 1e6 });
  const value = (i: number) => answers[i]![1];
  assert.equal([0, 1, 2, 3, 4].map(value), [-22, -22, -22, 16, -16]);
  assert.equal([5, 6, 7, 8, 9].map(value), [-22, -22, -22, -22, -22]);
  assert.equal([10, 11, 12, 13].map(value), [0, -22, -22, 8]);
  assert.equal(answers.slice(14, 23).map((a) => a[1]), Array(9).fill(-22));
  assert.equal([23, 24].map(value), [12, -22]);
  assert.match(guestOutcome(machine, 0).reason, /unhandled trap 256/);
});

test("a machine restored between alarm and interrupt goes on alike", () => {
  const text = INIT + GENERAL(32, 0x8e00) + `
    movl $0, data + 4
1:  movl $9, %eax
    movl $300000, %ebx
    int $0x1f
    movl $10, %eax
    int $0x1f
    jmp 1b
handler32:
    movl $0x200, data
    iret`;
  const guests = [{ name: "g", image: image(text), commandLine: "",
    memory: 4 * MiB }];
  const options = { guests, launcher: launcher(() => {}) };
  const machine = new Machine({ memory: 20 * MiB });
  bootHost(machine, options);
  machine.run({ maxInstructions: 30_123 });
  const other = new Machine({ memory: 20 * MiB });
  attachHost(other, options);
  other.restore(machine.snapshot());
  for (const m of [machine, other]) m.run({ maxInstructions: 20_000 });
  assert.is(Buffer.compare(machine.snapshot(), other.snapshot()), 0);
});

test("§7: a stack that leads nowhere is the Guest's end", () => {
  for (const [esp, reason] of [
    ["0x70000000", /Bad address|bad write|page table entry/],
    ["0", /bad write|Bad address/],
    ["0x400000", /unhandled|Bad|bad|done/],
  ] as const) {
    const found = find(PAGED + GENERAL(6, 0x8e00) +
      `movl $${esp}, %esp\n ud2\nhandler6:\n` + OFF);
    assert.match(found.reason, reason);
  }
});

test("a kernel from before Linux 4.1 is told from its lguest_data", () => {
  const { reason } = find(INIT.replace("int $0x1f",
    "movl $0xc0000000, data + " + Data.syscall_vec.offset + "\n int $0x1f"));
  assert.is(reason,
    "Bad syscall vector 0xc0000000; is it a kernel from before Linux 4.1?");
});

test("§8.3: cr3's low bits name no other directory", () => {
  const [cr3, was, is] = notes(PAGED + call(4, 0x200018) + `
    mov %cr3, %eax
    call note
    movl 0x181000, %eax         # in the shadow, at 0x181
    movl $0x182007, 0x201604    # another page, and nobody is told
    movl $7, 0x182000
    movl 0x181000, %eax
    call note
  ` + call(14, 0x200008, 0x181000, 0) + `
    movl 0x181000, %eax
    call note`, 3);
  assert.equal([cr3, was, is], [0x200000, 0, 7]);
});

/** A step that a load of ss holds back until behind an instruction. */
const HELD = (instruction: string) => `
    pushl %ss
    pushl $0x302
    popfl
    popl %ss
    ${instruction}
behind:`;

/** Notes where it comes from, less the label \`from\`, and steps no more. */
const STEPPED = (from: string) => HANDLER("handler1", `
    movl (%esp), %eax
    subl $${from}, %eax
    call note
    movl 8(%esp), %eax
    andl $0x100, %eax
    call note
    andl $~0x100, 8(%esp)
    iret`);

for (const [gate, type] of [["an interrupt", 0x8e00], ["a trap", 0x8f00]] as const)
  for (const [name, instruction, setup, from] of [
    ["a hypercall", "int $0x1f", "xorl %eax, %eax", "behind"],
    ["HALT", "int $0x1f", call(9, 1000).replace(/int.*/, "") +
      "movl $0, data + 4\n int $0x1f\n movl $10, %eax", "behind"],
    ["a reflected trap", "int3", GENERAL(3, 0xae00), "handler3"],
    ["a direct trap", "int3", GENERAL(3, 0xaf00), "handler3"],
    ["nothing", "nop", "", "behind"],
  ] as const)
    test(`a debug trap held back behind ${name} comes by ${gate} gate`, () => {
      const [eip, flag, there] = notes(INIT + GENERAL(1, type) +
        GENERAL(32, 0x8e00) + setup + HELD(instruction) + `
        movl $77, %eax
        call note`, 3, { rest: STEPPED(from) +
          "handler3: iret\nhandler32: iret\n" });
      assert.is(eip, 0);
      // In a handler TF is off; it is on again behind that one's iret.
      assert.is(flag, from === "behind" ? 0x100 : 0);
      if (from === "behind") assert.is(there, 77);
    });

test("a debug trap of ring 3, held back behind a system call", () => {
  for (const type of [0xee00, 0xef00]) {
    const found = find(PAGED + GENERAL(1, 0x8e00) + GENERAL(0x80, type) +
      GENERAL(13, 0x8e00) + TO_RING_3 + `
program: pushl %ss
    pushl $0x302
    popfl
    popl %ss
    int $0x80
    cli
handler128:
    iret
handler1:
    pushl %ds
    movl $0x69, %eax
    movl %eax, %ds
    movl 4(%esp), %eax
    subl $handler128, %eax
    call note
    popl %ds
    andl $~0x100, 8(%esp)
    iret
handler13:
    movl $0x69, %eax
    movl %eax, %ds
    movl $77, %eax
    call note
` + OFF);
    assert.is(found.reason, "done");
    assert.equal(found.notes.slice(0, 2), [0, 77]);
  }
});

test("a debug trap held back, and no gate for it", () => {
  const found = find(INIT + "xorl %eax, %eax" + HELD("int $0x1f"));
  assert.is(found.state, "killed");
  assert.match(found.reason, /^unhandled trap 1 at 0x1000[0-9a-f]{2} \(0x0\)$/);
});

test("§9.1: the real CR0 has TS while a Guest runs that has asked for it", () => {
  const look = "smsw %eax\n andl $8, %eax\n call note\n";
  assert.equal(notes(INIT + look + call(8, 1) + look + "clts\n" + look +
    "mov %cr0, %eax\n orl $8, %eax\n mov %eax, %cr0\n" + look +
    call(8, 0) + look, 5), [0, 8, 0, 8, 0]);
});

test("Linux restarts with a message that is nowhere", () => {
  const { state } = find(INIT + "movl $2, %eax\n" +
    "movl $0x40000000, %ebx\n movl $2, %ecx\n int $0x1f\n");
  assert.is(state, "restart");
});

test("what a restart says to the Launcher", () => {
  const results: unknown[] = [];
  const machine = new Machine({ memory: 20 * MiB });
  const inner = launcher(() => {});
  bootHost(machine, { guests: [{ name: "g", commandLine: "",
    memory: 4 * MiB, image: image(INIT + "movl $2, %eax\n" +
      "movl $message, %ebx\n movl $2, %ecx\n int $0x1f\n") }],
  launcher: { step(dev) {
    results.push(dev.result);
    if (typeof dev.result === "number")
      results.push(String.fromCharCode(...dev.read()));
    return inner.step(dev);
  } } });
  machine.run({ maxInstructions: 1e6 });
  assert.equal(results, [undefined, -85, "CRASH: done\0"]);
  assert.is(guestOutcome(machine, 0).state, "restart");
});

test.run();
