// The kernel that runs cases: a ROM of 64 KiB which any PC starts, a real
// one, ours, or somebody else's.

import { assemble } from "../../src/assembler";
import {
  CASES, CASE_NUMBER, CASE_POINTER, contextAt, CONTEXT, CONTEXT_AT, DEPTH,
  DOUBLE_FAULT_ENTRY,
  END_MAGIC, EVENT, EVENT_BYTES, EVENT_POINTER, GDT, IDT, INTO_OUTER_RING,
  INTO_REAL_MODE, INTO_SAME_RING, INTO_VM86, KERNEL_STACK, LOG_MAGIC,
  BEGIN_PORT, DOUBLE_FAULT_STACK, END_PORT, LOG_PORT, REAL_STUBS,
  RECORD, RECORD_MAGIC, REGIONS, ROM, RUNNING, SELECTORS, SHUTDOWN_VECTOR, STUBS, VECTORS,
} from "./layout";
import type { ContextName, EventName } from "./layout";
import { pristine } from "./world";

/** Where the ROM has the world as cases find it. */
const PRISTINE = 0x8000;
const c = (name: ContextName) => `%cs:${contextAt(name)}`;
const d = (name: ContextName) => String(contextAt(name));
const e = (name: EventName) => `${4 * EVENT.indexOf(name)}(%eax)`;

/** Memory that nobody uses. */
const NOWHERE = [[0x100, 0xc000], [0xc100, 0xce00], [0xd000, 0xd700],
  [0xd800, 0xde00], [0xe000, 0x10000], [0x1b000, 0x3f000],
  [0x58000, 0xa0000], [0x100000, 0x120000]] as const;

/** The ROM: the kernel, and behind it the world. */
export function makeRom(): Uint8Array {
  const rom = new Uint8Array(0x10000);
  rom.set(assemble(source(), { origin: ROM, name: "kernel" }).bytes);
  let at = PRISTINE;
  for (const { bytes } of pristine()) {
    rom.set(bytes, at);
    at += bytes.length;
  }
  // jmp F000:0000, and a date, as is the custom.
  rom.set([0xea, 0, 0, 0, 0xf0], 0xfff0);
  return rom;
}

function source(): string {
  return `
# 16 bits, F000:0000.
  .byte 0xfa                      # cli
  .byte 0x2e, 0x66, 0x0f, 0x01, 0x16 # lgdtl %cs:romGdtr
  .word romGdtr - ${ROM}
  .byte 0x0f, 0x20, 0xc0          # mov %cr0,%eax
  .byte 0x66, 0x83, 0xe0, 0x1f    # and $0x1f,%eax
  .byte 0x0c, 1                   # or $1,%al
  .byte 0x0f, 0x22, 0xc0          # mov %eax,%cr0
  .byte 0x66, 0xea                # ljmpl $8,$protected
  .long protected
  .word 8

protected:
  mov $${SELECTORS.kernelData},%eax
  mov %eax,%ds
  mov %eax,%es
  mov %eax,%ss
  mov $${KERNEL_STACK},%esp
  cld
  mov $0xff,%al
  out %al,$0x21
  out %al,$0xa1
  # A case was running: then it has shut the CPU down.
  cmpl $${RECORD_MAGIC},${RUNNING}
  jne first
  mov ${EVENT_POINTER},%eax
  movl $${SHUTDOWN_VECTOR},(%eax)
  addl $${EVENT_BYTES},${EVENT_POINTER}
  jmp compare

first:
  # Wherever a case gets by mistake there are int3s.
  mov $0xcccccccc,%eax
${NOWHERE.map(([from, to]) => `
  mov $${from},%edi
  mov $${(to - from) / 4},%ecx
  rep stosl`).join("")}
  mov $regions,%ebx
1: mov (%ebx),%edi
  mov 4(%ebx),%esi
  mov 8(%ebx),%ecx
  jecxz 2f
  rep movsl
  add $12,%ebx
  jmp 1b
2: movl $${CASES},${CASE_POINTER}
  movl $0,${CASE_NUMBER}
  movl $${LOG_MAGIC},${RECORD}
  mov $${RECORD + 4},%edi
  call print

nextCase:
  mov ${CASE_POINTER},%esi
  lodsl
  test %eax,%eax
  je theEnd
  lodsl
  mov %eax,%ecx
  jecxz 2f
1: lodsl
  xchg %eax,%edx
  lodsl
  mov %eax,(%edx)
  loop 1b
2: mov $${CONTEXT_AT},%edi
  mov $${CONTEXT.length},%ecx
  rep movsl
  mov %esi,${CASE_POINTER}
  movl $${RECORD_MAGIC},${RUNNING}
  movl $${RECORD + 12},${EVENT_POINTER}
  # Nor what they left in the record: the kernel may trip in the middle.
  xor %eax,%eax
  mov $${RECORD + 12},%edi
  mov $${EVENT_BYTES * 8 / 4},%ecx
  rep stosl
  movl $0,${DEPTH}
  # What earlier cases left on the kernel's stacks is nobody's business.
  xor %eax,%eax
  mov $${KERNEL_STACK - 0x100},%edi
  mov $64,%ecx
  rep stosl
  mov $${DOUBLE_FAULT_STACK - 0x100},%edi
  mov $64,%ecx
  rep stosl
  lgdt ramGdtr
  lidt ramIdtr
  xor %eax,%eax
  mov %eax,%fs
  mov %eax,%gs
  mov %eax,%ebx
  mov %eax,%ebp
  mov %eax,%esi
  mov %eax,%edi
  mov ${d("cr3")},%eax
  mov %eax,%cr3
  mov ${d("cr4")},%eax
  mov %eax,%cr4
  mov $0xffff0ff0,%eax
  mov %eax,%dr6
  mov ${d("dr0")},%eax
  mov %eax,%dr0
  mov ${d("dr1")},%eax
  mov %eax,%dr1
  mov ${d("dr2")},%eax
  mov %eax,%dr2
  mov ${d("dr3")},%eax
  mov %eax,%dr3
  xor %edx,%edx
  mov $0x174,%ecx
  mov ${d("sysenterCs")},%eax
  wrmsr
  inc %ecx
  mov ${d("sysenterEsp")},%eax
  wrmsr
  inc %ecx
  mov ${d("sysenterEip")},%eax
  wrmsr
  xor %eax,%eax
  mov %eax,%cr2
  lldt ${d("ldtr")}
  ltr ${d("tr")}
  cmpl $${INTO_REAL_MODE},${d("how")}
  je intoRealMode
  mov ${d("cr0")},%eax
  mov %eax,%cr0
  jmp 1f
1: mov ${d("dr7")},%eax
  mov %eax,%dr7
  mov ${d("how")},%eax
  cmp $${INTO_SAME_RING},%eax
  je sameRing
  cmp $${INTO_OUTER_RING},%eax
  je outerRing
  cmp $${INTO_VM86},%eax
  je virtual

virtual:
  out %al,$${BEGIN_PORT}
  pushl ${d("gs")}
  pushl ${d("fs")}
  pushl ${d("ds")}
  pushl ${d("es")}
  pushl ${d("ss")}
  pushl ${d("esp")}
  pushl ${d("eflags")}
  pushl ${d("cs")}
  pushl ${d("eip")}
  call loadRegisters
  iret

outerRing:
  out %al,$${BEGIN_PORT}
  pushl ${d("ss")}
  pushl ${d("esp")}
  pushl ${d("eflags")}
  pushl ${d("cs")}
  pushl ${d("eip")}
  call loadSegments
  iret

sameRing:
  out %al,$${BEGIN_PORT}
  mov ${d("esp")},%eax
  mov ${d("ss")},%ss
  mov %eax,%esp
  pushl ${d("eflags")}
  pushl ${d("cs")}
  pushl ${d("eip")}
  call loadSegments
  iret

loadSegments:
  mov ${c("es")},%es
  mov ${c("fs")},%fs
  mov ${c("gs")},%gs
  mov ${c("ds")},%ds
loadRegisters:
  mov ${c("eax")},%eax
  mov ${c("ecx")},%ecx
  mov ${c("edx")},%edx
  mov ${c("ebx")},%ebx
  mov ${c("ebp")},%ebp
  mov ${c("esi")},%esi
  mov ${c("edi")},%edi
  ret

# Segments of 64 KiB first; real mode leaves limits as they are.
intoRealMode:
  mov ${d("dr7")},%eax
  mov %eax,%dr7
  mov $${SELECTORS.realData},%eax
  mov %eax,%ds
  mov %eax,%es
  mov %eax,%fs
  mov %eax,%gs
  mov %eax,%ss
  ljmp $${SELECTORS.real16},$real16 - ${ROM}
real16:
  .byte 0x2e, 0x66, 0xa1          # mov %cs:realCr0,%eax
  .word realCr0 - ${ROM}
  .byte 0x0f, 0x22, 0xc0          # mov %eax,%cr0
  .byte 0xea                      # ljmp $0xf000,$1f
  .word 1f - ${ROM}, 0xf000
1: .byte 0x31, 0xc0               # xor %ax,%ax
  .byte 0x8e, 0xd8                # mov %ax,%ds
  .byte 0x2e, 0x66, 0x0f, 0x01, 0x1e # lidtl %cs:realIdtr
  .word realIdtr - ${ROM}
  .byte 0xe6, ${BEGIN_PORT}
  .byte 0x8e, 0x16                # mov ss,%ss
  .word ${d("ss")}
  .byte 0x66, 0x8b, 0x26          # mov esp,%esp
  .word ${d("esp")}
  .byte 0xff, 0x36                # pushw eflags, cs, eip
  .word ${d("eflags")}
  .byte 0xff, 0x36
  .word ${d("cs")}
  .byte 0xff, 0x36
  .word ${d("eip")}
${["ecx", "edx", "ebx", "", "ebp", "esi", "edi"].map((name, i) => name && `
  .byte 0x66, 0x8b, ${0x0e + 8 * i} # mov ${name},%${name}
  .word ${d(name as ContextName)}`).join("")}
  .byte 0x66, 0xa1                # mov eax,%eax
  .word ${d("eax")}
  .byte 0x8e, 0x06                # mov es,%es, and so on
  .word ${d("es")}
  .byte 0x8e, 0x26
  .word ${d("fs")}
  .byte 0x8e, 0x2e
  .word ${d("gs")}
  .byte 0x8e, 0x1e
  .word ${d("ds")}
  .byte 0xcf                      # iret

# One stub for each vector, and another for real mode.
  .org ${STUBS}
${each(n => `  push $${n}\n  jmp caught\n  .org ${STUBS + 8 * (n + 1)}`)}
  .org ${REAL_STUBS}
${each(n => `  .byte 0x66, 0x6a, ${n}, 0xe9\n  .word caughtInRealMode - 1f\n1: .org ${
    REAL_STUBS + 8 * (n + 1)}`)}
  .org ${DOUBLE_FAULT_ENTRY - ROM}
  push $8
  jmp caught

caughtInRealMode:
  .byte 0xe6, ${END_PORT}
  .byte 0x66, 0x50                # push %eax
  .byte 0x8c, 0xd8                # mov %ds,%ax
  .byte 0x66, 0x50                # push %eax
  .byte 0x2e, 0x66, 0x0f, 0x01, 0x16 # lgdtl %cs:ramGdtr
  .word ramGdtr - ${ROM}
  .byte 0x0f, 0x20, 0xc0          # mov %cr0,%eax
  .byte 0x0c, 1                   # or $1,%al
  .byte 0x0f, 0x22, 0xc0          # mov %eax,%cr0
  .byte 0x66, 0xea                # ljmpl $8,$note
  .long note
  .word 8

caught:
  out %al,$${END_PORT}
  push %eax
  mov %ds,%eax
  push %eax
note:
  mov $${SELECTORS.kernelData},%eax
  mov %eax,%ds
  mov ${EVENT_POINTER},%eax
  incl ${DEPTH}
  cmpl $8,${DEPTH}
  ja enough
  addl $${EVENT_BYTES},${EVENT_POINTER}
  popl ${e("ds")}
  popl ${e("eax")}
  popl ${e("vector")}
  mov %ecx,${e("ecx")}
  mov %edx,${e("edx")}
  mov %ebx,${e("ebx")}
  mov %esp,${e("esp")}
  mov %ebp,${e("ebp")}
  mov %esi,${e("esi")}
  mov %edi,${e("edi")}
  mov %dr7,%ecx
  mov %ecx,${e("dr7")}
  popl ${e("frame0")}
  popl ${e("frame1")}
  popl ${e("frame2")}
  mov %ss,%ecx
  mov %ecx,${e("ss")}
  mov %ds,%ecx
  mov %ecx,%ss
  mov $${KERNEL_STACK},%esp
  pushf
  popl ${e("eflags")}
  push $2
  popf
  mov %es,%ecx
  mov %ecx,${e("es")}
  mov %fs,%ecx
  mov %ecx,${e("fs")}
  mov %gs,%ecx
  mov %ecx,${e("gs")}
  xor %ecx,%ecx
  mov %ecx,%dr7
  mov %cr0,%ecx
  mov %ecx,${e("cr0")}
  mov %cr2,%ecx
  mov %ecx,${e("cr2")}
  mov %cr3,%ecx
  mov %ecx,${e("cr3")}
  mov %cr4,%ecx
  mov %ecx,${e("cr4")}
  mov %dr0,%ecx
  mov %ecx,${e("dr0")}
  mov %dr1,%ecx
  mov %ecx,${e("dr1")}
  mov %dr2,%ecx
  mov %ecx,${e("dr2")}
  mov %dr3,%ecx
  mov %ecx,${e("dr3")}
  mov %dr6,%ecx
  mov %ecx,${e("dr6")}
  sldt %ecx
  movzwl %cx,%ecx
  mov %ecx,${e("ldtr")}
  str %ecx
  movzwl %cx,%ecx
  mov %ecx,${e("tr")}
  movl $0,${e("gdtr1")}
  movl $0,${e("idtr1")}
  sgdt ${e("gdtr0")}
  sidt ${e("idtr0")}
enough:
  xor %eax,%eax
  mov %eax,%dr7
  push $2
  popf
  mov $0x11,%eax
  mov %eax,%cr0
  jmp 1f
1: xor %eax,%eax
  mov %eax,%cr4
  mov %eax,%cr3
  mov $${SELECTORS.kernelData},%eax
  mov %eax,%ds
  mov %eax,%es
  mov %eax,%ss
  mov $${KERNEL_STACK},%esp

# What has changed: a list of addresses and values.
compare:
  movl $0,${RUNNING}
  # popf leaves VIP and VIF alone.
  push $2
  push $${SELECTORS.kernelCode}
  push $1f
  iret
1:
  lgdt ramGdtr
  mov ${EVENT_POINTER},%ebp
  mov $regions,%ebx
1: mov (%ebx),%edi
  mov 4(%ebx),%esi
  mov 8(%ebx),%ecx
  jecxz 4f
2: repe cmpsl
  je 3f
  lea -4(%edi),%eax
  mov %eax,(%ebp)
  mov -4(%edi),%eax
  mov %eax,4(%ebp)
  mov -4(%esi),%eax
  mov %eax,-4(%edi)
  add $8,%ebp
  jecxz 3f
  jmp 2b
3: add $12,%ebx
  jmp 1b
4: mov %ebp,%edi
  movl $${RECORD_MAGIC},${RECORD}
  mov ${EVENT_POINTER},%eax
  sub $${RECORD + 12},%eax
  mov %eax,${RECORD + 4}
  mov %edi,%eax
  sub ${EVENT_POINTER},%eax
  mov %eax,${RECORD + 8}
  call print
  incl ${CASE_NUMBER}
  jmp nextCase

# Writes the record up to EDI to the log.
print:
  mov $${RECORD},%esi
  mov %edi,%ecx
  sub %esi,%ecx
  mov $${LOG_PORT},%edx
  rep outsb
  ret

theEnd:
  movl $${END_MAGIC},${RECORD}
  mov $${RECORD + 4},%edi
  call print
  # QEMU's device for ends, then that of Bochs.
  mov $0xf4,%edx
  xor %eax,%eax
  out %al,%dx
  mov $0x8900,%edx
  mov $goodbye,%esi
  mov $8,%ecx
  rep outsb
1: cli
  hlt
  jmp 1b

goodbye: .ascii "Shutdown"
  .balign 8
realCr0: .long 0x14
realIdtr: .word 0xff
  .long 0
  .balign 4
romGdtr: .word 0x1ff
  .long ${ROM + pristineOffset(GDT)}
  .balign 4
ramGdtr: .word 0x1ff
  .long ${GDT}
  .balign 4
ramIdtr: .word 0x1ff
  .long ${IDT}
  .balign 4
# Where each region of the world lies, where the ROM has it, words.
regions:
${REGIONS.map(({ at, words }) =>
    `  .long ${at}, ${ROM + pristineOffset(at)}, ${words}`).join("\n")}
  .long 0, 0, 0
`;
}

function each(line: (vector: number) => string): string {
  return Array.from({ length: VECTORS }, (_, n) => line(n)).join("\n");
}

function pristineOffset(at: number): number {
  let offset = PRISTINE;
  for (const region of REGIONS) {
    if (region.at === at)
      return offset;
    offset += 4 * region.words;
  }
  throw new Error("no such region");
}
