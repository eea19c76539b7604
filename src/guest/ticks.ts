// Woven from chapters/120-ticks.md.
import { bedtime, firstSteps, guestImage, luggage, theEnd } from "./first";
import { operations } from "./operations";

/** From the report to a kernel that can be interrupted. */
export const waking = String.raw`
# 296 "chapters/120-ticks.md"
movl $idle_page + 4096, %esp
call irq_disable
call set_up_segments
call set_up_gates
movl $idle_page + 4096, %eax
call load_sp0
call start_clock
`;

/** The gates that we have so far; the table's end is still to come. */
export const firstGates = String.raw`
# 95 "chapters/120-ticks.md"
gates:                          # vector, handler, kind
    .long 32, timer_interrupt, 0x8E00
`;

/** What a kernel needs in order to be interrupted. */
export const interruptions = String.raw`
# 47 "chapters/120-ticks.md"
set_up_segments:
    movl $segments, %esi
1:
    movl (%esi), %ebx
    movl 4(%esi), %ecx
    movl 8(%esi), %edx
    call write_gdt_entry
    addl $12, %esi
    cmpl $segments_end, %esi
    jb 1b
    ret
# 36 "chapters/120-ticks.md"
segments:                       # entry, low word, high word
    .long 12, 0x0000FFFF, 0x00CF9A00
    .long 13, 0x0000FFFF, 0x00CF9200
    .long 14, 0x0000FFFF, 0x00CFFA00
    .long 15, 0x0000FFFF, 0x00CFF200
segments_end:
# 103 "chapters/120-ticks.md"
set_up_gates:
    movl $gates, %esi
1:
    movl (%esi), %ebx
    movl 4(%esi), %eax
    movl %eax, %edx             # edx: upper half of it, and the kind
    andl $0xFFFF0000, %edx
    orl 8(%esi), %edx
    andl $0xFFFF, %eax          # ecx: selector, and the lower half
    movl $(KERNEL_CS << 16), %ecx
    orl %eax, %ecx
    call write_idt_entry
    addl $12, %esi
    cmpl $gates_end, %esi
    jb 1b
    ret
# 145 "chapters/120-ticks.md"
.equ FRAME_GS, 0
.equ FRAME_ES, 8
.equ FRAME_DS, 12
.equ FRAME_ESI, 20
.equ FRAME_EBX, 32
.equ FRAME_EAX, 44
.equ FRAME_HANDLER, 48
.equ FRAME_ERROR, 52
.equ FRAME_EIP, 56
.equ FRAME_CS, 60
.equ FRAME_EFLAGS, 64
.equ FRAME_ESP, 68
.equ FRAME_SS, 72
.equ FRAME_SIZE, 76
# 167 "chapters/120-ticks.md"
enter_kernel:
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl $KERNEL_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    cld
    movl %esp, %ebp             # ebp: the frame
    call *FRAME_HANDLER(%ebp)
# 193 "chapters/120-ticks.md"
leave_kernel:
    movl %esp, %ebp
    call irq_disable
    call before_leaving         # another chapter's business
    testl $IF, FRAME_EFLAGS(%esp)
    jz 1f
    testl $IF, irq_pending
    jz 1f
    call irq_enable             # it comes right here
    jmp leave_kernel
1:
    call collect
    popl %gs
    popl %fs
    popl %es
    popl %ds
    popal
    addl $8, %esp               # handler, error code
    jmp interrupt_return
# 232 "chapters/120-ticks.md"
.equ TICK, 250000               # nanoseconds

timer_interrupt:
    pushl $0
    pushl $timer
    jmp enter_kernel

timer:
    incl ticks
    movl $TICK, %eax
    call set_clock              # posted; leave_kernel has it collected
    jmp every_tick              # another chapter's business
# 255 "chapters/120-ticks.md"
start_clock:
    andl $~1, blocked_interrupts
    movl $TICK, %eax
    call set_clock
    jmp collect
# 368 "chapters/120-ticks.md"

ticks:  .long 0
# 287 "chapters/120-ticks.md"
.balign 4096
idle_page:
    .fill 4096, 1, 0
`;

const counting = String.raw`
# 312 "chapters/120-ticks.md"
1:
    call irq_disable
    cmpl $10, ticks
    jae 2f
    call halt
    jmp 1b
2:
    movl $ten, %esi
    movl $ticks, %ebx
    call say
`;

/** Without programs, two places are empty. */
export const looseEnds = String.raw`
# 336 "chapters/120-ticks.md"
every_tick:
before_leaving:
    ret
`;

const tenTimes = String.raw`
# 327 "chapters/120-ticks.md"
ten:
    .asciz "I slept until I had been woken # times\n"
`;

/** The assembly of the Guest that counts to ten. */
export const tickingGuestText = firstSteps + waking + counting + bedtime +
  luggage + operations + firstGates + "gates_end:\n" + interruptions +
  looseEnds + tenTimes + theEnd;

/** The Guest that sleeps, is woken ten times, and goes to bed. */
export function tickingGuest(): Uint8Array {
  return guestImage(tickingGuestText);
}
