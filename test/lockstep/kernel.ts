// The kernel of the lock-step test: it enters one block of the program after
// the other, repairs pages that aren't there, and goes on behind whatever
// else faults, at the next multiple of 16.
import { assemble } from "../../src/assembler";
import {
  APIC_AT, COPY, DIRECTORY_A, DIRECTORY_B, FRAME_BYTES, FRAMES, GDT,
  GDT_COPY, inFrame, KERNEL, OWN, PER_CPU, S, TABLES, TABLES_END, TSSS,
} from "./layout";

/** What a program sets for all of its blocks. */
export interface Setting {
  readonly blocks: number;
  readonly cr0: number;
  readonly cr4: number;
  /** Counts of the APIC's timer, 0 for none. */
  readonly timer: number;
}

const own = (name: keyof typeof OWN) => `${OWN[name]}(%ebx)`;
const WITH_ERROR = [8, 10, 11, 12, 13, 14, 17];
const VECTORS = [...Array(32).keys(), 0x40, 0x41, 0x80, 0x81, 0x82, 0x83,
  0x84];

const handlers: Record<number, string> = {
  1: "debug", 2: "nmi", 3: "return", 4: "return", 7: "device", 14: "page",
  17: "alignment", 0x40: "timer", 0x41: "timer", 0x80: "next",
  0x81: "service", 0x82: "remap", 0x83: "switch", 0x84: "return",
};

const stub = (n: number) => `
v${n}:  ${WITH_ERROR.includes(n) ? "" : "pushl $0"}
  pushl $${n}
  call common
  .long ${handlers[n] ?? "skip"}`;

/** ebx is where this CPU's page is; changes ecx. */
const findOwn = `
  str %ecx
  and $0xffff,%ecx
  sub $${S.tss},%ecx
  shl $9,%ecx
  lea ${PER_CPU}(%ecx),%ebx`;

/** Makes a control register what it should be, if it isn't. */
const settle = (name: string, value: number) => `
  mov %${name},%eax
  cmp $${value | 0},%eax
  je 1f
  mov $${value | 0},%eax
  mov %eax,%${name}
1:`;

function source({ blocks, cr0, cr4, timer }: Setting): string {
  return `
boot:                           # ebx: which CPU
  lgdt gdtr
  ljmp $${S.code0},$1f
1: mov $${S.data0},%eax
  mov %eax,%ds
  mov %eax,%es
  mov %eax,%ss
  lea ${S.tss}(,%ebx,8),%eax
  ltr %ax
  shl $12,%ebx
  add $${PER_CPU},%ebx
  lea 0x1000(%ebx),%esp
  lidt ${own("idtr")}
  mov $${DIRECTORY_A},%eax
  mov %eax,%cr3
  mov $${cr4},%eax
  mov %eax,%cr4
  mov $${cr0 | 0},%eax
  mov %eax,%cr0
  mov $0x174,%ecx
  xor %edx,%edx
  mov $${S.code0},%eax
  wrmsr
  inc %ecx
  lea 0x1000(%ebx),%eax
  wrmsr
  inc %ecx
  mov $sysenter,%eax
  wrmsr
  movl $0x1ff,${APIC_AT + 0xf0}
  movl $0xb,${APIC_AT + 0x3e0}
  movl $0x20040,${APIC_AT + 0x320}
  movl $${timer},${APIC_AT + 0x380}

next:
  mov $${S.data0},%eax
  mov %eax,%ds
  mov %eax,%es
  ${findOwn}
  mov %eax,%ss
  lea 0x1000(%ebx),%esp
  cli
  cld
  incl ${own("sequence")}
  movl $0,${own("faults")}
  movl $0,${own("hits")}
  ${settle("dr7", 0x400)}
  ${settle("cr0", cr0)}
  ${settle("cr4", cr4)}
  imul $1664525,${own("random")},%eax
  add $1013904223,%eax
  mov %eax,${own("random")}
  shr $8,%eax
  xor %edx,%edx
  mov $${blocks},%ecx
  div %ecx
  imul $${FRAME_BYTES},%edx,%esi
  add $${FRAMES},%esi
  mov ${own("index")},%eax
  shl $12,%eax
  add ${inFrame("esp")},%eax
  testl $3,${inFrame("cs")}
  jz 1f
  pushl ${inFrame("ss")}
  push %eax
  jmp 2f
1: mov ${inFrame("ss")},%ss
  mov %eax,%esp
2: pushl ${inFrame("eflags")}
  pushl ${inFrame("cs")}
  pushl ${inFrame("eip")}
${(["eax", "ecx", "edx", "ebx", "unused", "ebp", "esi", "edi", "ds", "es",
    "fs", "gs"] as const).map((name) => `  pushl ${inFrame(name)}\n`).join("")}
  pop %gs
  pop %fs
  pop %es
  pop %ds
  popa
  iret

${VECTORS.map(stub).join("")}

common:                         # address, vector, error, eip, cs, eflags …
  pusha
  push %ds
  push %es
  mov $${S.data0},%eax
  mov %eax,%ds
  mov %eax,%es
  cld
  ${findOwn}
  mov 40(%esp),%eax
  jmp *(%eax)
return:
  pop %es
  pop %ds
  popa
  add $12,%esp
  iret

skip:
  incl ${own("faults")}
  cmpl $40,${own("faults")}
  ja abort
  mov 52(%esp),%eax
  add $16,%eax
  and $-16,%eax
  mov %eax,52(%esp)
  jmp return

page:
  incl ${own("faults")}
  cmpl $400,${own("faults")}
  ja abort
  mov %cr2,%eax
  mov %eax,%edx
  shr $22,%edx
  mov %cr3,%ecx
  and $-4096,%ecx
  mov (%ecx,%edx,4),%ecx
  test $1,%ecx
  jz skip
  test $0x80,%ecx
  jnz stale
  and $-4096,%ecx
  mov %eax,%edx
  shr $12,%edx
  and $0x3ff,%edx
  lea (%ecx,%edx,4),%esi
  cmp $${TABLES},%esi
  jb skip
  cmp $${TABLES_END},%esi
  jae skip
  mov ${COPY}(%esi),%edi
  mov (%esi),%ecx
  xor %edi,%ecx
  test $~0x60,%ecx
  jz stale
  mov %edi,(%esi)
  invlpg (%eax)
  movl $0,${own("lastEip")}
  jmp return
stale:
  invlpg (%eax)
  mov 52(%esp),%ecx
  cmp %ecx,${own("lastEip")}
  jne 1f
  cmp %eax,${own("lastCr2")}
  je skip
1: mov %ecx,${own("lastEip")}
  mov %eax,${own("lastCr2")}
  jmp return

debug:
  mov %dr6,%eax
  xor %eax,%eax
  mov %eax,%dr6
  orl $0x10000,60(%esp)
  incl ${own("hits")}
  cmpl $24,${own("hits")}
  jb return
  mov $0x400,%eax
  mov %eax,%dr7
  andl $~0x100,60(%esp)
  jmp return

nmi:
  mov ${own("sequence")},%eax
  cmp ${own("seen")},%eax
  mov %eax,${own("seen")}
  je abort
  jmp return

device:
  clts
  jmp return

alignment:
  andl $~0x40000,60(%esp)
  jmp return

timer:
  movl $0,${APIC_AT + 0xb0}
  jmp return

service:
  incl 36(%esp)
  jmp return

remap:                          # eax: an entry; edx: of which alias; ecx
  mov 36(%esp),%eax
  mov 28(%esp),%edx
  and $63,%edx
  and $0xfff,%eax
  xor %eax,${TABLES + 0x1000}(,%edx,4)
  testl $1,32(%esp)
  jz return
  shl $12,%edx
  invlpg 0x400000(%edx)
  jmp return

switch:
  mov %cr3,%eax
  xor $${DIRECTORY_A ^ DIRECTORY_B},%eax
  mov %eax,%cr3
  jmp return

gate:
  incl 0x6fff0
  lret

sysenter:
  sysexit

abort:
  mov $${S.data0},%eax
  mov %eax,%ds
  mov %eax,%es
  mov %eax,%ss
  lea 0x1000(%ebx),%esp
  lgdt gdtr
  lidt ${own("idtr")}
  cld
  mov $${GDT_COPY},%esi
  mov $${GDT},%edi
  mov $${S.tss / 4},%ecx
  rep movsl
  mov $${TABLES + COPY + 0x1000},%esi
  mov $${TABLES + 0x1000},%edi
  mov $64,%ecx
  rep movsl
  mov $${TABLES + COPY + 0x180},%esi
  mov $${TABLES + 0x180},%edi
  mov $32,%ecx
  rep movsl
  mov $${DIRECTORY_A},%eax
  mov %eax,%cr3
  movl $0,${APIC_AT + 0xb0}
  jmp next

doubleFault:
  pushf
  andl $~0x4000,(%esp)
  popf
  str %eax
  movzwl %ax,%eax
  andl $~0x200,${GDT + 4}(%eax)
  sub $${S.tssDf - S.tss},%eax
  andl $~0x200,${GDT + 4}(%eax)
  ltr %ax
  ${findOwn}
  jmp abort

gdtr: .word 0xff
  .long ${GDT}
`;
}

/** The kernel's bytes, and where its entries are. */
export function makeKernel(setting: Setting) {
  const { bytes, symbols } = assemble(source(setting),
    { origin: KERNEL, name: "kernel" });
  const at = (name: string) => {
    const address = symbols.get(name);
    if (address === undefined) throw new Error(`the kernel has no ${name}`);
    return address;
  };
  return { bytes, at, vectors: VECTORS };
}

/** Descriptors: low and high word. */
export function descriptor(base: number, limit: number, access: number,
  flags: number): [number, number] {
  return [(base << 16) | (limit & 0xffff),
    (base & 0xff000000) | (flags << 20) | (limit & 0xf0000) | (access << 8) |
    ((base >>> 16) & 0xff)];
}

export const tssOf = (cpu: number) => TSSS + 0x200 * cpu;
