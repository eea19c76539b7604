// Woven from chapters/100-guest.md.
import { assemble, writeElf } from "../assembler";
import type { Assembled } from "../assembler";

/** From the first instruction to the report. */
export const firstSteps = String.raw`
# 69 "chapters/100-guest.md"
.equ PAGE_OFFSET, 0xC0000000    # where kernels like to live

.equ LGUEST_INIT, 1             # hypercalls, by number
.equ LGUEST_SHUTDOWN, 2
.equ LGUEST_NEW_PGTABLE, 4
.equ LGUEST_NOTIFY, 17

.equ BOOT_COMMAND_LINE, 0x228   # in boot_params
.equ BOOT_MEMORY_SIZE, 0x2D8

.equ PAGES_TO_TOUCH, 64
# 106 "chapters/100-guest.md"

start:
# 136 "chapters/100-guest.md" # columns -4
    movl $(stack_top - PAGE_OFFSET), %esp

    movl %cs, %eax
    andl $3, %eax
    movl %eax, ring - PAGE_OFFSET

    call here                       # a call pushes where it comes from
    here:
    popl eip_before - PAGE_OFFSET

    movl BOOT_MEMORY_SIZE(%esi), %eax
    movl %eax, memory_size - PAGE_OFFSET
    movl BOOT_COMMAND_LINE(%esi), %eax
    movl %eax, command_line - PAGE_OFFSET
# 170 "chapters/100-guest.md" # columns -4
    movl $LGUEST_INIT, %eax
    movl $(lguest_data - PAGE_OFFSET), %ebx
    int $0x1f
# 246 "chapters/100-guest.md" # columns -4
    xorl %eax, %eax                 # room = 2^32 - reserve_mem
    subl reserve_mem - PAGE_OFFSET, %eax
    subl $PAGE_OFFSET, %eax         #        - PAGE_OFFSET
    movl memory_size - PAGE_OFFSET, %ebp
    cmpl %eax, %ebp
    jbe 1f
    movl %eax, %ebp
    1:
    andl $0xFFFFF000, %ebp          # ebp: how much we map, in bytes
# 272 "chapters/100-guest.md" # columns -4
    movl $(image_end - PAGE_OFFSET), %ebx   # ebx: the directory
    leal 4096(%ebx), %edi                   # edi: the next table entry
    movl $3, %eax                           # eax: what to write into it
    2:
    stosl
    addl $4096, %eax
    cmpl %ebp, %eax
    jb 2b
# 287 "chapters/100-guest.md" # columns -4
    leal 4096 + 3(%ebx), %eax       # the first table, present, writable
    movl %ebx, %edx                 # edx: an entry of the directory
    3:
    movl %eax, (%edx)
    movl %eax, 768 * 4(%edx)
    addl $4, %edx
    addl $4096, %eax
    cmpl %edi, %eax
    jb 3b
# 302 "chapters/100-guest.md" # columns -4
    addl $4095, %edi
    andl $0xFFFFF000, %edi
    movl %edi, first_free - PAGE_OFFSET
    movl %ebp, mapped - PAGE_OFFSET
# 328 "chapters/100-guest.md" # columns -4
    movl %ebx, cr3 - PAGE_OFFSET    # what we believe is in cr3
    movl $LGUEST_NEW_PGTABLE, %eax
    int $0x1f

    movl $moved, %eax               # an address from 0xC0000000 up
    jmp *%eax
# 112 "chapters/100-guest.md"
moved:
# 345 "chapters/100-guest.md" # columns -4
    addl $PAGE_OFFSET, %esp

    call there
    there:
    popl eip_after
# 379 "chapters/100-guest.md" # columns -4
    movl mapped, %ecx               # how many pages are free?
    subl first_free, %ecx
    shrl $12, %ecx
    cmpl $PAGES_TO_TOUCH, %ecx
    jbe 4f
    movl $PAGES_TO_TOUCH, %ecx
    4:
    movl %ecx, touched

    movl first_free, %esi
    addl $PAGE_OFFSET, %esi
    jecxz 6f
    5:
    movl %esi, (%esi)
    addl $4096, %esi
    loop 5b
    6:
# 409 "chapters/100-guest.md" # columns -4
    movl first_free, %esi           # esi: a page, by its low name
    leal image_end + 4096, %edi
    movl %esi, %eax
    shrl $10, %eax                  # 4 bytes for every 4096
    addl %eax, %edi                 # edi: its page-table entry
    movl touched, %ecx
    jecxz 9f
    7:
    leal PAGE_OFFSET(%esi), %eax
    cmpl (%esi), %eax
    jne wrong_memory
    testl $0x40, (%edi)
    jz 8f
    incl dirty
    8:
    addl $4096, %esi
    addl $4, %edi
    loop 7b
    9:
# 501 "chapters/100-guest.md" # columns -4
    movl mapped, %eax
    shrl $20, %eax
    movl %eax, mapped_mib
    movl $report, %esi
    movl $facts, %ebx
    call say

    movl command_line, %ebx         # anything to quote?
    cmpb $0, (%ebx)
    je 1f
    movl $LGUEST_NOTIFY, %eax
    movl $(greeting - PAGE_OFFSET), %ebx
    int $0x1f
    movl $LGUEST_NOTIFY, %eax
    movl command_line, %ebx
    int $0x1f
    movl $LGUEST_NOTIFY, %eax
    movl $(newline - PAGE_OFFSET), %ebx
    int $0x1f
    1:
`;

/** How a Guest turns itself off. */
export const bedtime = String.raw`
# 536 "chapters/100-guest.md"
movl $(power_down - PAGE_OFFSET), %ebx
shut_down:
movl $LGUEST_SHUTDOWN, %eax
movl $1, %ecx
int $0x1f
jmp shut_down

wrong_memory:
movl $(lost_memory - PAGE_OFFSET), %ebx
jmp shut_down
`;

/** The stack that it begins with. */
export const bootStack = String.raw`
# 561 "chapters/100-guest.md"
.balign 16
    .fill 256, 1, 0
stack_top:
`;

/** By NOTIFY. */
export const handOver = String.raw`
# 607 "chapters/100-guest.md"
send_line:
    movb $0, (%edi)
    pushl %ebx
    movl $LGUEST_NOTIFY, %eax
    movl $(line - PAGE_OFFSET), %ebx
    int $0x1f
    popl %ebx
    jmp say
`;

/** What every Guest of ours has with it, and its way to hand a line over. */
export const luggageWith = (way: string) => String.raw`
# 579 "chapters/100-guest.md"
# say: esi = template, ebx = the numbers for it
say:
    movl $line, %edi
next_character:
    cmpl $line_end - 12, %edi
    ja send_line
    lodsb
    cmpb $0x23, %al             # '#'
    je say_decimal
    cmpb $0x40, %al             # '@'
    je say_hexadecimal
    stosb
    cmpb $10, %al               # the line is complete
    je send_line
    testb %al, %al
    jnz next_character
    ret
` + way + String.raw`
# 621 "chapters/100-guest.md"
say_hexadecimal:
    movl (%ebx), %edx
    addl $4, %ebx
    movl $8, %ecx
1:
    roll $4, %edx
    movl %edx, %eax
    andl $15, %eax
    movb digits(%eax), %al
    stosb
    loop 1b
    jmp next_character
# 639 "chapters/100-guest.md"
say_decimal:
    movl (%ebx), %eax
    addl $4, %ebx
    pushl %ebx
    movl $10, %ebx
    xorl %ecx, %ecx
1:
    xorl %edx, %edx             # edx:eax / 10
    divl %ebx
    pushl %edx                  # the remainder is a digit
    incl %ecx
    testl %eax, %eax
    jnz 1b
2:
    popl %eax
    movb digits(%eax), %al
    stosb
    loop 2b
    popl %ebx
    jmp next_character
# 696 "chapters/100-guest.md"

# 455 "chapters/100-guest.md"
.balign 4
facts:
ring:           .long 0
eip_before:     .long 0
eip_after:      .long 0
cr3:            .long 0
mapped_mib:     .long 0
touched:        .long 0
dirty:          .long 0

memory_size:    .long 0
command_line:   .long 0
mapped:         .long 0
first_free:     .long 0
# 475 "chapters/100-guest.md"
report:
    .ascii "Hello. I am a kernel, and this is what I found:\n"
    .ascii "  ring     #\n"
    .ascii "  eip      0x@ when I woke up\n"
    .ascii "           0x@ since I moved\n"
    .ascii "  cr3      0x@, if I am not mistaken\n"
    .ascii "  memory   # MiB, each page mapped twice\n"
    .asciz "  touched  # pages by two names each; # became dirty\n"
greeting:
    .asciz "  I was told: "
newline:
    .asciz "\n"
digits:
    .ascii "0123456789abcdef"
power_down:
    .asciz "Power down"
lost_memory:
    .asciz "A page does not hold what I wrote there"
# 189 "chapters/100-guest.md"
.balign 4
lguest_data:
irq_enabled:
    .long 0
blocked_interrupts:
    .long 1                     # no timer yet
cr2:
    .long 0
    .long 0, 0                  # time: seconds, nanoseconds
irq_pending:
    .long 0
hcall_status:
    .fill 64, 1, 0xFF           # nothing to do
hcalls:
    .fill 64 * 20, 1, 0
reserve_mem:
    .long 0                     # what the Host keeps of the top
    .long 0                     # tsc_khz
    .long noirq_iret            # an address; we say later which
    .long PAGE_OFFSET           # kernel_address
    .long 0x80                  # syscall_vec
# 554 "chapters/100-guest.md"

line:
    .fill 128, 1, 0
line_end:
` + bootStack;

export const luggage = luggageWith(handOver);

/** The last lines of a Guest. */
export const theEnd = String.raw`
# 569 "chapters/100-guest.md"
.balign 4096
image_end:
`;

/** The first Guest's assembly, for GNU as or for ours. */
export const firstGuestText = ".equ noirq_iret, 0\n" +
  firstSteps + bedtime + luggage + theEnd;

/** Where our Guests are linked, and where they are loaded. */
export const GUEST_VIRTUAL = 0xc0100000;
export const GUEST_PHYSICAL = 0x00100000;

/** An assembled Guest as an ELF file, to be loaded where it is linked. */
export function guestFile({ bytes, origin }: Assembled): Uint8Array {
  const paddr = origin - GUEST_VIRTUAL + GUEST_PHYSICAL;
  return writeElf([{ paddr, vaddr: origin, bytes }], paddr);
}

/** Assembles a Guest's text and returns it as an ELF file. */
export function guestImage(text: string): Uint8Array {
  return guestFile(assemble(text,
    { origin: GUEST_VIRTUAL, name: "the Guest" }));
}

/** The Guest that looks around, reports, and goes to bed. */
export function firstGuest(): Uint8Array {
  return guestImage(firstGuestText);
}
