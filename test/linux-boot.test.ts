// A Guest that comes up in the order in which Linux 4.4 to 4.9 does, with
// what that kernel leaves to chance: instructions for ring 0 before there
// is an IDT, flags that are copied whole, a ring that runs full.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assemble, writeElf } from "../src/assembler";
import { bootHost } from "../src/lguest";
import { guestOutcome, launcher, parseKernel } from "../src/launcher";
import { tallySwitches } from "../src/debug";
import type { DevLguest } from "../src/lguest";
import { Machine } from "../src/machine";

const MiB = 1024 * 1024, MEMORY = 24 * MiB;
const PHYSICAL = 0x1000000, OFFSET = 0xc0000000;
/** Physical addresses of what it makes for itself. */
const INITIAL = 0x1100000, SWAPPER = 0x1101000, TABLES = 0x1110000,
  KERNEL_TABLES = 0x1118000, FIXMAP = 0x1120000, VMALLOC = 0x1121000,
  PROCESS = 0x1122000, HEAP = 0x1130000;

const hex = (n: number) => `0x${(n >>> 0).toString(16)}`;
const call = (number: number, ...args: (number | string)[]) =>
  args.map((value, i) => `movl ${typeof value === "number"
    ? `$${hex(value)}` : value}, %${["ebx", "ecx", "edx", "esi"][i]}\n`)
    .join("") + `movl $${number}, %eax\n int $0x1f\n`;
/** The same by way of the ring, as in lazy mode. */
const lazy = (number: number, ...args: (number | string)[]) =>
  call(number, ...args).replace("int $0x1f", "call lazy_hcall");
const note = (name: string, what = "%eax") =>
  (what === "%eax" ? "" : `movl ${what}, %eax\n`) + `movl %eax, note_${name}\n`;

const NOTES = ["cmdline", "subarch", "cr4", "msr", "pci", "pci_type1",
  "fixmap", "vmalloc", "msr_fault", "ticks", "early", "polls", "calls",
  "faults", "copies", "answer", "ring_full", "cr0", "preempted"] as const;

const GDT: [number, number, number][] = [
  [6, 0, 0], [12, 0xffff, 0xcf9a00], [13, 0xffff, 0xcf9200],
  [14, 0xffff, 0xcffa00], [15, 0xffff, 0xcff200], [16, 0x2000006b, 0x8b00],
  [26, 0xffff, 0x009200], [27, 0xffff, 0xcf9200], [28, 0x18, 0x409000],
  [31, 0x20000067, 0x8900]];

const gate = (vector: number, handler: string, type = 0x8e00) =>
  `movl $${handler}, %eax\n movl %eax, %edx\n andl $0xffff, %eax\n` +
  `orl $0x600000, %eax\n andl $0xffff0000, %edx\n orl $${hex(type)}, %edx\n` +
  `movl %eax, idt + ${8 * vector}\n movl %edx, idt + ${8 * vector + 4}\n`;
/** A hypercall for each entry of a table. */
const loadEntries = (call: number, entries: string, count: number) => `
    xorl %ebp, %ebp
1:  movl $${call}, %eax
    movl %ebp, %ebx
    movl ${entries}(,%ebp,8), %ecx
    movl ${entries} + 4(,%ebp,8), %edx
    int $0x1f
    incl %ebp
    cmpl $${count}, %ebp
    jb 1b
`;
const LOAD_IDT = loadEntries(6, "idt", 256);
const CLI = "movl $0, data\n";
const STI = "call irq_enable\n";
/** As the kernel's handlers begin: segments, and all registers. */
const SAVE = "pushal\n pushl %ds\n pushl %es\n movl $0x69, %eax\n" +
  "movl %eax, %ds\n movl %eax, %es\n";
const RESTORE = "popl %es\n popl %ds\n popal\n";

/** `gate80`: the type of the gate for system calls. */
function kernel(gate80: number): Uint8Array {
  const text = `
.equ OFFSET, ${hex(OFFSET)}
startup_32:                             # paging is off, it seems
    cld
    testb $0x40, 0x211(%esi)            # KEEP_SEGMENTS
    jz hang
    movl $boot_params - OFFSET, %edi
    movl $1024, %ecx
    rep movsl
    movl boot_params + 0x228 - OFFSET, %esi
    movl $command_line - OFFSET, %edi
    movl $512, %ecx
    rep movsl
    movl $${hex(TABLES)}, %edi          # identity, and PAGE_OFFSET
    movl $3, %eax
2:  stosl
    addl $0x1000, %eax
    cmpl $${hex(MEMORY + 3)}, %eax
    jb 2b
    movl $${hex(TABLES + 0x63)}, %eax
    movl $${hex(INITIAL)}, %edi
3:  movl %eax, 0xc00(%edi)
    stosl
    addl $0x1000, %eax
    cmpl $${hex(TABLES + 0x63 + 0x1000 * MEMORY / (4 * MiB))}, %eax
    jb 3b
    cmpw $0x207, boot_params + 0x206 - OFFSET
    jb hang
    movl boot_params + 0x23c - OFFSET, %eax
    cmpl $1, %eax
    jne hang
${call(1, "$data - OFFSET")}
${call(4, INITIAL)}
    movl $init_stack, %esp
    movl $lguest_init, %eax
    jmp *%eax
hang: jmp hang

lguest_init:
    movl boot_params + 0x23c, %eax
${note("subarch")}${note("cmdline", "command_line")}
${loadEntries(18, "gdt", 32)}
    movl $0xd8, %eax
    movl %eax, %fs
    movl $0xe0, %eax
    movl %eax, %gs
${call(8, 0)}
    pushfl                              # is there a cpuid?
    pushfl
    xorl $0x200000, (%esp)
    popfl
    popfl
    movl $1, %eax
    cpuid
    mov %cr4, %eax                      # natively, before any IDT
${note("cr4")}
    movl $0x1a0, %ecx
    movl $1, %eax
    rdmsr
${note("msr")}
    mov %cr0, %eax
${note("cr0")}
    movl $0xcf8, %edx                   # an early console?
    movl $0x80000800, %eax
    outl %eax, %dx
    movl $0xcfc, %edx
    inl %dx, %eax
${note("pci")}
    movl $0xcfb, %edx                   # any PCI, of type 1?
    movb $1, %al
    outb %al, %dx
    movl $0xcf8, %edx
    movl $0x80000000, %eax
    outl %eax, %dx
    inl %dx, %eax
${note("pci_type1")}
${[1, 3].map((n) => gate(n, "bad_trap", 0xee00)).join("")}
${gate(14, "page_fault")}${LOAD_IDT}

    movl $${hex(OFFSET + KERNEL_TABLES)}, %edi   # paging_init
    movl $0x163, %eax
1:  stosl
    addl $0x1000, %eax
    cmpl $${hex(MEMORY + 0x163)}, %eax
    jb 1b
    movl $${hex(OFFSET + SWAPPER + 0xc00)}, %edi
    movl $${hex(KERNEL_TABLES + 0x67)}, %eax
2:  stosl
    addl $0x1000, %eax
    cmpl $${hex(KERNEL_TABLES + 0x67 + 0x1000 * MEMORY / (4 * MiB))}, %eax
    jb 2b
${call(4, SWAPPER)}${call(5, 1)}
    movl $${hex(FIXMAP + 0x67)}, ${hex(OFFSET + SWAPPER + 4 * 1022)}
${lazy(15, SWAPPER, 1022)}
    movl $${hex(HEAP + 0x163)}, ${hex(OFFSET + FIXMAP + 4 * 0x3ff)}
${lazy(14, SWAPPER, 0xffbff000, HEAP + 0x163)}${call(0)}
    movl $0x600d, ${hex(OFFSET + HEAP + 8)}
${note("fixmap", "0xffbff008")}
    movl $${hex(VMALLOC + 0x67)}, ${hex(OFFSET + SWAPPER + 4 * 800)}
${call(15, SWAPPER, 800)}
    xorl %ebp, %ebp                     # 200 pages, lazily
3:  movl %ebp, %edx
    shll $12, %edx
    addl $${hex(HEAP + 0x163)}, %edx
    movl %edx, ${hex(OFFSET + VMALLOC)}(,%ebp,4)
    movl %ebp, %ecx
    shll $12, %ecx
    addl $0xc8000000, %ecx
    movl %ebp, 0xc0000000 + ${hex(HEAP)}   # which is its first word
    movl $${hex(SWAPPER)}, %ebx
    movl $14, %eax
    pushl %ebp
    call lazy_hcall
    popl %ebp
    movl %ebp, %eax
    shll $12, %eax
    movl %ebp, ${hex(OFFSET + HEAP + 4)}(%eax)
    incl %ebp
    cmpl $200, %ebp
    jb 3b
${call(0)}
    xorl %eax, %eax
    xorl %ebp, %ebp
4:  movl %ebp, %ecx
    shll $12, %ecx
    addl 0xc8000004(%ecx), %eax
    incl %ebp
    cmpl $200, %ebp
    jb 4b
${note("vmalloc")}${note("ring_full", "full")}

${[0, 5, 6, 9, 10, 11, 12, 16, 17, 18, 19].map((n) => gate(n, "bad_trap"))
    .join("")}${gate(4, "bad_trap", 0xee00)}${gate(3, "bad_trap", 0xee00)}
${gate(7, "device_gone")}${gate(13, "protection")}${gate(14, "page_fault")}
${gate(2, "bad_trap")}${gate(15, "bad_trap")}
    movl $0xf80000, idt + 64            # the double fault's task
    movl $0x8500, idt + 68
${Array.from({ length: 32 }, (_, n) => gate(32 + n, n ? "bad_trap"
    : "timer_interrupt")).join("")}
${gate(128, "system_call", gate80)}${LOAD_IDT}
    movl $0x1a0, %ecx                   # rdmsr_safe
    xorl %eax, %eax
    movl $fixup, expected
    rdmsr
    jmp bad_trap
fixup:
${note("msr_fault")}
${lazy(7, 0x69, "$thread_stack", 2)}${lazy(16, "$tls - OFFSET", 0)}${call(0)}
    xorl %ecx, %ecx                     # how fast is the PIT?
1:  inb $0x42, %al
    incl %ecx
    cmpb $0xff, %al
    je 1b
2:  inb $0x61, %al
    incl %ecx
    testb $0x20, %al
    jz 2b
${note("polls", "%ecx")}
    andl $~1, data + 4                  # the timer's interrupt
${call(9, 1000000)}${STI}
3:  cmpl $3, note_ticks
    jae 4f
${CLI}
    call safe_halt
    jmp 3b
4:
    # A page fault in the middle of a critical section. Its iret copies the
    # flags, in which IF is off and others aren't.
${CLI}
${call(9, 1000)}
    movl note_ticks, %edi
    pushl %edi
    movl 0x10000000, %eax
    movl $20000, %ecx
5:  loop 5b
${call(0)}
    popl %edi
    movl note_ticks, %eax
    subl %edi, %eax
${note("early")}${STI}

    movl $${hex(PROCESS)}, %ebp         # two processes
    call new_process
    movl $${hex(PROCESS + 0x4000)}, %ebp
    call new_process
    movl $${hex(PROCESS)}, current
    call run_current
    movl $0x7b, %eax
    movl %eax, %ds
    movl %eax, %es
    xorl %eax, %eax
    movl %eax, %gs
    pushl $0x7b
    pushl $0x10002000
    pushl $0x202
    pushl $0x73
    pushl $0x10000000
    jmp guest_iret

new_process:                            # ebp: its directory, physical
    leal OFFSET(%ebp), %edi
    movl $${hex(OFFSET + SWAPPER)}, %esi
    movl $1024, %ecx
    rep movsl
    leal 0x1067(%ebp), %eax
    movl %eax, OFFSET + 4 * 64(%ebp)    # its table, for 0x10000000
    leal 0x1000 + OFFSET(%ebp), %edi
    xorl %eax, %eax
    movl $1024, %ecx
    rep stosl
    movl $program - OFFSET + 0x25, 0x1000 + OFFSET(%ebp)
    ret
run_current:                            # as a switch of processes does it
${lazy(4, "current")}${lazy(7, 0x69, "$thread_stack", 2)}
${lazy(16, "$tls - OFFSET", 0)}${lazy(8, 1)}${call(0)}
    ret

page_fault:
    ${SAVE}
    incl note_faults
    movl data + 8, %eax                 # cr2
    andl $~0xfff, %eax
    movl %eax, %ecx
    shrl $12, %eax
    andl $0x3ff, %eax
    movl current, %ebp
    testl $3, 48(%esp)                  # cs
    testl $4, 40(%esp)                  # the error code: of ring 3?
    jz 2f
    leal 0x1000 + OFFSET(%ebp,%eax,4), %edi
    movl heap, %edx
    addl $0x1000, heap
    testl $1, 40(%esp)
    jz 1f
    incl note_copies                    # a write to a shared page
    pushl %ecx
    pushl %edi
    movl (%edi), %esi
    andl $~0xfff, %esi
    addl $OFFSET, %esi
    leal OFFSET(%edx), %edi
    movl $1024, %ecx
    rep movsl
    popl %edi
    popl %ecx
1:  addl $0x67, %edx
    movl %edx, (%edi)
    movl %ebp, %ebx
    movl $14, %eax
    int $0x1f                           # SET_PTE
    jmp 3f
2:  addl $5, 44(%esp)                   # the kernel's: skip it
3:  ${RESTORE}
    addl $4, %esp
    jmp guest_iret
protection:
    addl $4, %esp                       # the exception table
    movl expected, %eax
    testl %eax, %eax
    jz bad_trap
    movl %eax, (%esp)
    movl $0, expected
    movl $0xf1, %eax
    jmp guest_iret
device_gone:
    ${SAVE}
${call(8, 0)}
    ${RESTORE}
    jmp guest_iret
timer_interrupt:
    ${SAVE}
    incl note_ticks
${call(9, 200000)}
    testl $2, 44(%esp)                  # from ring 3: the other's turn
    jz 1f
    incl note_preempted
    xorl $${hex(PROCESS ^ (PROCESS + 0x4000))}, current
    call run_current
1:  ${RESTORE}
    jmp guest_iret
system_call:
    ${SAVE}
${STI}
    incl note_calls
    cmpl $5, note_preempted
    jae done
1:  ${CLI}${RESTORE}
    jmp guest_iret
guest_iret:
    pushl 8(%esp)
    popl %ss:data
noirq_iret:
    iret
irq_enable:
    movl $0x200, data
    cmpl $0, data + 20
    je 1f
    movl $19, %eax
    int $0x1f
1:  ret
safe_halt:
    movl $10, %eax
    int $0x1f
    ret
lazy_hcall:                             # eax, ebx, ecx, edx, esi
    pushl data
    movl $0, data
    movl slot, %edi
    cmpb $0xff, data + 24(%edi)
    jne 1f
    imull $20, %edi, %ebp
    movl %eax, data + 88(%ebp)
    movl %ebx, data + 92(%ebp)
    movl %ecx, data + 96(%ebp)
    movl %edx, data + 100(%ebp)
    movl %esi, data + 104(%ebp)
    movb $0, data + 24(%edi)
    incl %edi
    andl $63, %edi
    movl %edi, slot
    jmp 2f
1:  incl full
    int $0x1f                           # which empties the ring
2:  popl data
    ret
bad_trap:
    movl (%esp), %eax
    movl %eax, note_answer
    jmp 1f
done:
${note("answer", "0x10001000")}
1:
${CLI}
${call(2, "$farewell - OFFSET", 1)}

    .balign 4096
program:                                # at 0x10000000, in ring 3
    movl $0x2a, 0x10001000              # a page that isn't there
    movl $0, 0x10000800                 # one that is shared
    movl $20, %eax
    int $0x80
    movl $300, %ecx
1:  loop 1b
    jmp program
    .balign 4096
boot_params: .fill 4096, 1, 0
command_line: .fill 2048, 1, 0
idt: .fill 2048, 1, 0
gdt:
${Array.from({ length: 32 }, (_, n) => {
    const [, low, high] = GDT.find(([i]) => i === n) ?? [n, 0, 0];
    return `.long ${hex(low)}, ${hex(high)}\n`;
  }).join("")}
tls: .long 0xffff, 0xdff200, 0, 0, 0, 0
${NOTES.map((name) => `note_${name}: .long 0\n`).join("")}
slot: .long 0
full: .long 0
current: .long 0
expected: .long 0
heap: .long ${hex(HEAP + 0x100000)}
farewell: .asciz "Power down"
    .balign 4096
    .fill 4096, 1, 0
init_stack:
    .fill 8192, 1, 0
thread_stack:
data: .long 0x200, 1, 0, 0, 0, 0
    .fill 64, 1, 0xff
    .fill 1280, 1, 0
    .long 0, 0, noirq_iret, OFFSET, 0x80
    .fill 256, 1, 0
`;
  const { bytes, symbols } = assemble(text,
    { origin: OFFSET + PHYSICAL, name: "a kernel" });
  notesAt = symbols.get("note_cmdline")! - OFFSET;
  return writeElf([{ paddr: PHYSICAL, vaddr: OFFSET + PHYSICAL, bytes }],
    PHYSICAL);
}
let notesAt = 0;

function bootLinux(gate80: number) {
  const machine = new Machine({ memory: MEMORY + 16 * MiB });
  const inner = launcher(() => {});
  const notes: Partial<Record<typeof NOTES[number], number>> = {};
  const step = (dev: DevLguest) => {
    if (typeof dev.result === "number") {
      const bytes = dev.readGuest(notesAt, 4 * NOTES.length)!;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      NOTES.forEach((name, i) => { notes[name] = view.getUint32(4 * i, true); });
    }
    return inner.step(dev);
  };
  bootHost(machine, { abi: "strict", launcher: { step }, guests: [{
    name: "linux", image: kernel(gate80), commandLine: "ook",
    memory: MEMORY }] });
  const { causes, posted } = tallySwitches(machine).of(0);
  machine.run({ maxInstructions: 4e6 });
  return { notes, causes, posted, ...guestOutcome(machine, 0) };
}

/** A bzImage as Linux' since 4.6: it asks how much room there is, moves to
 * the end of it, and "unpacks" from there. */
function bzImage(): Uint8Array {
  const { bytes } = assemble(`
start:
    movl 0x214(%esi), %ebp              # where we are
    movl 0x258(%esi), %edi              # and where the room ends
    addl 0x260(%esi), %edi
    subl $end - start, %edi
    movl %edi, %ebx
    leal (%ebp), %esi
    movl $end - start, %ecx
    cld
    rep movsb
    leal there - start(%ebx), %eax
    jmp *%eax
there:
    movl $start, %esi                   # the old place is no longer needed
    movl $end - start, %ecx
1:  movb $0xcc, (%esi)
    incl %esi
    loop 1b
    leal data - start(%ebx), %ebp       # the kernel itself
    movl $1, %eax
    movl %ebx, %edi
    movl %ebp, %ebx
    int $0x1f
    movl %edi, %ebx
    cmpl $1, 0x23c
    jne 2f
    cmpw $0x207, 0x206
    jne 2f
    cmpb $0x41, 0x211
    jne 2f
    leal bye - start(%ebx), %ebx
    movl $2, %eax
    movl $1, %ecx
    int $0x1f
2:  ud2
bye: .asciz "Power down"
    .balign 4
data: .long 0x200, 1, 0, 0, 0, 0
    .fill 64, 1, 0xff
    .fill 1288, 1, 0
    .long 0, 0xc0000000, 0x80
end:
`, { origin: 0x100000, name: "a bzImage" });
  const file = new Uint8Array(1024 + bytes.length);
  const view = new DataView(file.buffer);
  file[0x1f1] = 1;
  file[0x201] = 0x66;
  for (const [at, word] of [[0x202, 0x53726448], [0x214, 0x100000],
    [0x258, 0x200000], [0x260, 0x100000]] as const)
    view.setUint32(at, word, true);
  view.setUint16(0x206, 0x20c, true);
  file[0x211] = 1;
  file.set(bytes, 1024);
  return file;
}

test("a bzImage finds its header, and moves to the end of its room", () => {
  const machine = new Machine({ memory: 20 * MiB });
  bootHost(machine, { launcher: launcher(() => {}), guests: [{
    name: "linux", image: bzImage(), commandLine: "", memory: 4 * MiB }] });
  machine.run({ maxInstructions: 1e6 });
  assert.equal(guestOutcome(machine, 0),
    { state: "poweroff", reason: "Power down" });
});

test("a bzImage needs room for what it unpacks", () => {
  assert.throws(() => parseKernel(bzImage(), 2 * MiB),
    /too big: it reaches up to 0x00300000.*--memory 3/);
});

for (const [version, type] of [["4.4", 0xef00], ["4.9", 0xee00]] as const)
  test(`a kernel boots as Linux ${version} does`, () => {
    const { notes, causes, posted, state, reason } = bootLinux(type);
    assert.is(`${state}: ${reason}`, "poweroff: Power down");
    const { ticks, calls, ring_full, preempted, ...others } = notes;
    assert.equal(others, { cmdline: 0x6b6f6f, subarch: 1, cr4: 0, msr: 0,
      cr0: 0x80010011, pci: 0xffffffff, pci_type1: 0xffffffff,
      fixmap: 0x600d, vmalloc: 19900, msr_fault: 0xf1, early: 0, polls: 2,
      faults: 5, copies: 2, answer: 42 });
    assert.ok(ticks! >= 8 && calls! > 100);
    assert.is(preempted, 5);
    assert.is(ring_full, 3, "200 calls in a ring of 64");
    assert.is(posted.get("SET_PTE"), 198);
    assert.is(posted.get("NEW_PGTABLE"), 6);
    assert.is(causes.get("system call, reflected"),
      type === 0xef00 ? undefined : calls);
    assert.is(causes.get("HALT"), 3);
  });

test.run();
