// One small kernel for two worlds: with a machine of its own, and as a Guest
// of lguest. What it says differently is two lists of phrases.
import { assemble, writeElf } from "../../src/assembler";

/** How a kernel says things. */
interface Phrases {
  /** What stands before its first instruction. */
  readonly header: string;
  /** The ring of kernels. */
  readonly ring: number;
  readonly begin: string;
  /** ebx, ecx, edx: a vector, and both words of its gate. */
  readonly setGate: string;
  /** ebx: the first directory. */
  readonly firstPages: string;
  /** ebx: another directory; a call of `to_process`. */
  readonly toProcess: string;
  /** The page at WINDOW is gone. */
  readonly forgetPage: string;
  /** ebx: a directory that isn't needed any more. */
  readonly forgetProcess: string;
  /** Prints the page at `page`. */
  readonly print: string;
  readonly off: string;
  readonly data: string;
}

const bare: Phrases = {
  header: ".long 0x1badb002, 0, -0x1badb002",
  ring: 0,
  begin: `
        lgdt gdt_pointer
        lidt idt_pointer
        movl $tss, %eax
        movw %ax, gdt + 0x5a
        shrl $16, %eax
        movb %al, gdt + 0x5c
        ljmp $0x60, $1f
1:      movl $0x68, %eax
        movl %eax, %ss
        movl $0x7b, %eax
        movl %eax, %ds
        movl %eax, %es
        movl $0x58, %eax
        ltr %ax`,
  setGate: `
        movl %ecx, idt(, %ebx, 8)
        movl %edx, idt + 4(, %ebx, 8)
        ret`,
  firstPages: `
        movl %ebx, %cr3
        movl %cr0, %eax
        orl $0x80010000, %eax
        movl %eax, %cr0`,
  toProcess: `
        movl $stack_end, tss + 4        # each has a stack, as a rule
        movl %ebx, %cr3
        ret`,
  forgetPage: "invlpg WINDOW",
  forgetProcess: "",
  print: `
        movl $page, %esi
        movl $4096, %ecx
        movl $0x3f8, %edx               # COM1
        cld
        rep outsb`,
  off: "hlt",
  data: `
        .balign 8
gdt:    .fill 11, 8, 0
        .long 0x00000067, 0x00008900                    # 0x58: the TSS
        .long 0x0000ffff, 0x00cf9a00, 0x0000ffff, 0x00cf9200
        .long 0x0000ffff, 0x00cffa00, 0x0000ffff, 0x00cff200
gdt_pointer:
        .word 0x7f
        .long gdt
idt_pointer:
        .word 0x407
        .long idt
        .balign 8
idt:    .fill 0x81, 8, 0
tss:    .long 0, stack_end, 0x68
        .fill 23, 4, 0`,
};

const guest: Phrases = {
  header: "",
  ring: 1,
  begin: `
        movl $1, %eax                   # LGUEST_INIT
        movl $data, %ebx
        int $0x1f
        movl $18, %eax                  # LOAD_GDT_ENTRY: ring 3's code
        movl $14, %ebx
        movl $0x0000ffff, %ecx
        movl $0x00cffa00, %edx
        int $0x1f
        movl $18, %eax                  # and its data
        movl $15, %ebx
        movl $0x00cff200, %edx
        int $0x1f
        movl $0x7b, %eax
        movl %eax, %ds
        movl %eax, %es`,
  setGate: `
        movl $6, %eax                   # LOAD_IDT_ENTRY
        int $0x1f
        ret`,
  firstPages: `
        movl $4, %eax                   # NEW_PGTABLE
        int $0x1f
        movl $7, %eax                   # SET_STACK
        movl $0x69, %ebx
        movl $stack_end, %ecx
        movl $1, %edx
        int $0x1f`,
  // As Linux does it: three are posted, and then flushed.
  toProcess: `
        movl $4, %eax                   # NEW_PGTABLE
        call post
        movl $7, %eax                   # SET_STACK
        movl $0x69, %ebx
        movl $stack_end, %ecx
        movl $1, %edx
        call post
        movl $16, %eax                  # LOAD_TLS
        movl $tls, %ebx
        call post
        xorl %eax, %eax                 # FLUSH_ASYNC
        int $0x1f
        ret
post:   movl place, %esi
        imull $20, %esi, %edi
        movl %eax, data + 88(%edi)
        movl %ebx, data + 92(%edi)
        movl %ecx, data + 96(%edi)
        movl %edx, data + 100(%edi)
        movb $0, data + 24(%esi)
        incl %esi
        andl $63, %esi
        movl %esi, place
        ret`,
  forgetPage: `
        movl $14, %eax                  # SET_PTE
        movl current, %ebx
        movl $WINDOW, %ecx
        xorl %edx, %edx
        int $0x1f`,
  forgetProcess: `
        movl $15, %eax                  # SET_PGD
        xorl %ecx, %ecx
        int $0x1f`,
  print: `
        movl $17, %eax                  # NOTIFY
        movl $page, %ebx
        int $0x1f`,
  off: `
        movl $2, %eax                   # SHUTDOWN
        movl $bye, %ebx
        movl $1, %ecx
        int $0x1f
bye:    .asciz "Power down"`,
  data: `
        .balign 4
place:  .long 0
tls:    .fill 24, 1, 0
data:   .fill 24, 1, 0                  # lguest_data
        .fill 64, 1, 0xff
        .fill 64 * 20 + 12, 1, 0
        .long 0xc0000000, 0x80`,
};

const computing = (rounds: number) => `
        movl $${rounds}, %ecx
1:      leal 7(%eax, %eax, 2), %eax
        loop 1b`;
const systemCall = (number: number) => `
        movl $${number}, %eax
        int $0x80`;
const SWITCH = systemCall(1), START = systemCall(3);
const FAULT = `
        movl WINDOW, %ecx${systemCall(2)}`;

/** What our own Guest does for each process that it starts: so many world
 * switches, system calls and instructions. */
const MIX = `
        pushl $11
3:      pushl $4
4:      pushl $5
5:      ${computing(532)}${systemCall(0)}
        decl (%esp)
        jnz 5b
        popl %eax${SWITCH}
        decl (%esp)
        jnz 4b
        popl %eax${FAULT}
        decl (%esp)
        jnz 3b
        popl %eax${START}`;

/** What a process in ring 3 does again and again. */
export interface Task {
  readonly text: string;
  /** What it may cost a Guest: so many times what the bare kernel pays, or
   * so many world switches. */
  readonly bar?: { readonly ratio: number } | { readonly switches: number };
}

export const tasks: Readonly<Record<string, Task>> = {
  "1000 steps of computing": { text: computing(500), bar: { ratio: 1.02 } },
  "a system call": { text: systemCall(0), bar: { switches: 0 } },
  "a page touched first": { text: `
        movl %ebp, %ecx
        andl $0x3ffff, %ecx             # until it has been forgotten
        shll $12, %ecx
        movl FRESH(%ecx), %ecx`, bar: { switches: 1 } },
  "a fault reflected": { text: "ud2", bar: { switches: 1 } },
  "a page provided": { text: FAULT },
  "to another process": { text: SWITCH, bar: { switches: 1 } },
  "a process started": { text: START },
  "a page printed": { text: systemCall(6), bar: { switches: 4 } },
  "the mix": { text: MIX, bar: { ratio: 1.15 } },
};

const text = (say: Phrases, task: Task, times: number) => `
        .set WINDOW, 0x400000           # its page comes and goes
        .set PARENT, 0x200000           # two directories, and
        .set TABLE, 0x202000            # tables that they share
        .set WINDOW_TABLE, 0x203000
        .set FRESH, 0x800000            # 1 GiB and more, all of it
        .set FRESH_TABLE, 0x204000      # through one table
        .set CHILDREN, 0x210000         # room for eight others
${say.header}
start:  movl $stack_end, %esp
${say.begin}
        movl $TABLE + 7, PARENT
        movl $WINDOW_TABLE + 7, PARENT + 4
        movl $TABLE + 7, PARENT + 0x1000
        movl $WINDOW_TABLE + 7, PARENT + 0x1004
        movl $TABLE, %edi
        movl $7, %eax
1:      stosl
        addl $4096, %eax
        cmpl $0x400007, %eax
        jb 1b
        movl $FRESH_TABLE, %edi
        movl $0x300007, %eax
        movl $1024, %ecx
        rep stosl
        movl $PARENT + 8, %edi
        movl $FRESH_TABLE + 7, %eax
        movl $766, %ecx
        rep stosl
        movl $6, %ebx
        movl $undefined, %ecx
        movl $0x8e00, %edx
        call gate
        movl $14, %ebx
        movl $page_fault, %ecx
        movl $0x8e00, %edx              # an interrupt gate
        call gate
        movl $0x80, %ebx
        movl $system_call, %ecx
        movl $0xef00, %edx              # a trap gate, for ring 3
        call gate
        movl $PARENT, %ebx
${say.firstPages}
        pushl $0x7b
        pushl $user_stack_end
        pushl $2
        pushl $0x73
        pushl $user
        iret

gate:   movl %ecx, %eax
        andl $0xffff0000, %eax
        orl %eax, %edx
        andl $0xffff, %ecx
        orl $${0x600000 + say.ring * 0x10000}, %ecx
set_gate:
${say.setGate}

page_fault:                             # of one page, and no other
        movl $0x300007, WINDOW_TABLE
        addl $4, %esp
        iret

undefined:                              # whatever it was
        addl $2, (%esp)
        iret

system_call:
        jmp *calls(, %eax, 4)
nothing:
        iret
switch: movl current, %ebx
        xorl $0x1000, %ebx
        movl %ebx, current
        call to_process
        iret
unmap:  movl $0, WINDOW_TABLE
${say.forgetPage}
        iret
fork:   movl child_at, %ebx             # a directory, a table
        addl $0x2000, %ebx
        andl $0xffff, %ebx
        orl $CHILDREN, %ebx
        movl %ebx, child_at
        cld
        movl %ebx, %edi
        xorl %eax, %eax
        movl $1024, %ecx
        rep stosl
        movl $TABLE, %esi
        movl $1024, %ecx
        rep movsl
        leal 0x1007(%ebx), %eax
        movl %eax, (%ebx)
        popl parent_eip
        pushl $child
        call to_process
        iret
exit:   popl %eax                       # the child's place
        pushl parent_eip
        movl $PARENT, %ebx
        call to_process
        movl child_at, %ebx
${say.forgetProcess}
        iret
print:
${say.print}
        iret
off:
${say.off}

to_process:
${say.toProcess}

user:   movl $${times}, %ebp
2:
${task.text}
        decl %ebp
        jnz 2b
        movl $5, %eax
        int $0x80

child:  movl $0x300000, %ecx            # it reads eight pages
1:      movl (%ecx), %eax
        addl $4096, %ecx
        cmpl $0x308000, %ecx
        jb 1b
        movl $4, %eax
        int $0x80

        .balign 4096
        .fill 4096, 1, 0
stack_end:
        .fill 4096, 1, 0
user_stack_end:
page:   .fill 4096, 1, 0x2e
        .balign 4
current:
        .long PARENT
child_at:
        .long CHILDREN
parent_eip:
        .long 0
calls:  .long nothing, switch, unmap, fork, exit, off, print
${say.data}
`;

const ORIGIN = 0x100000;

/** The kernel as a file, for a world of its own or for a Guest's. */
export function kernelFor(
  world: "bare" | "guest", task: string, times: number,
): Uint8Array {
  const say = world === "bare" ? bare : guest;
  const { bytes, symbols } = assemble(text(say, tasks[task]!, times),
    { origin: ORIGIN, name: `${world}, ${task}` });
  return writeElf([{ paddr: ORIGIN, vaddr: ORIGIN, bytes }],
    symbols.get("start")!);
}
