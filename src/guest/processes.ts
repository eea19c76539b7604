// Woven from chapters/140-asking.md, 130-processes.md.
import { bedtime, firstSteps, guestImage, luggage, theEnd } from "./first";
import { operations } from "./operations";
import { firstGates, interruptions, waking } from "./ticks";

/** From a kernel that can be interrupted to the end of all programs. */
const living = String.raw`
# 374 "chapters/130-processes.md"
movl cr3, %eax
movl %eax, first_cr3
call set_ts                     # nobody computes with floats, yet
movl $images, %esi
1:
call start_program
addl $8, %esi
cmpl $images_end, %esi
jb 1b
movl $opening, %esi
movl $alive, %ebx
call say
# 391 "chapters/130-processes.md"
idle:
    call irq_disable
    call schedule               # comes back when nobody is ready
    cmpl $0, alive
    je nobody_is_left
    incl naps
    call halt
    jmp idle
nobody_is_left:
`;

/** What a kernel needs in order to have programs. */
export const processes = String.raw`
# 41 "chapters/130-processes.md"
.equ PROGRAM, 0x00400000
.equ HEAP, 0x00500000
.equ HEAP_END, 0x00600000
.equ STACK, 0x007F0000
.equ STACK_TOP, 0x00800000

.equ USER_CS, 0x73
.equ USER_DS, 0x7B
.equ USER_TLS, 0x33             # entry 6

.equ COPY, 0x200                # in a page's entry: a bit of our own
# 58 "chapters/130-processes.md"
.equ P_STATE, 0                 # READY or SLEEPING
.equ P_ID, 4                    # 1, 2, 3 …
.equ P_DIRECTORY, 8             # for cr3
.equ P_TABLE, 12                # its page table, where we see it
.equ P_ESP, 16                  # where it was in the kernel
.equ P_WAKE, 20                 # when it wants to be woken, in ticks
.equ P_TLS, 24                  # three descriptors

.equ READY, 1
.equ SLEEPING, 2
.equ PROGRAMS_MAX, 8
# 79 "chapters/130-processes.md"
take_page:                      # eax: a page, with anything in it
    movl free_pages, %eax
    testl %eax, %eax
    jnz 1f
    movl first_free, %eax       # nothing came back so far
    cmpl mapped, %eax
    jae out_of_memory
    addl $4096, first_free
    addl $PAGE_OFFSET, %eax
    jmp 2f
1:
    movl (%eax), %ecx
    movl %ecx, free_pages
2:
    incl pages_in_use
    ret
# 101 "chapters/130-processes.md"
give_page:                      # eax: a page
    movl free_pages, %ecx
    movl %ecx, (%eax)
    movl %eax, free_pages
    decl pages_in_use
    ret

out_of_memory:
    movl $(no_memory - PAGE_OFFSET), %ebx
    jmp shut_down
# 117 "chapters/130-processes.md"
take_empty_page:                # eax: a page full of zeroes
    call take_page
    pushl %edi
    pushl %eax
    movl %eax, %edi
    xorl %eax, %eax
    movl $1024, %ecx
    rep stosl
    popl %eax
    popl %edi
    ret
# 137 "chapters/130-processes.md"
start_program:                  # esi: where it begins and ends
    call take_empty_page
    movl %eax, %ebx             # ebx: the program's page
    call take_empty_page
    movl %eax, P_TABLE(%ebx)
    call take_empty_page        # eax: the directory
    leal -PAGE_OFFSET(%eax), %ecx
    movl %ecx, P_DIRECTORY(%ebx)
# 156 "chapters/130-processes.md" # columns -4
    pushl %esi
    movl cr3, %esi
    leal PAGE_OFFSET + 768 * 4(%esi), %esi
    leal 768 * 4(%eax), %edi
    movl $255, %ecx                 # the last one is the Switcher's
    rep movsl
    popl %esi

    movl P_TABLE(%ebx), %edi
    leal -PAGE_OFFSET + 7(%edi), %ecx
    movl %ecx, PROGRAM >> 20(%eax)  # 4 bytes for every 4 MiB
# 177 "chapters/130-processes.md" # columns -4
    movl (%esi), %eax
    1:
    leal -PAGE_OFFSET + COPY + 5(%eax), %ecx
    movl %ecx, (%edi)               # present, user, not writable
    addl $4, %edi
    addl $4096, %eax
    cmpl 4(%esi), %eax
    jb 1b
# 214 "chapters/130-processes.md" # columns -4
    leal 4096 - FRAME_SIZE(%ebx), %edi
    movl $USER_DS, FRAME_ES(%edi)
    movl $USER_DS, FRAME_DS(%edi)
    movl $PROGRAM, FRAME_EIP(%edi)
    movl $USER_CS, FRAME_CS(%edi)
    movl $IF, FRAME_EFLAGS(%edi)
    movl $STACK_TOP, FRAME_ESP(%edi)
    movl $USER_DS, FRAME_SS(%edi)
    movl $leave_kernel, -4(%edi)
    subl $20, %edi                  # and four registers
    movl %edi, P_ESP(%ebx)
# 231 "chapters/130-processes.md" # columns -4
    movl alive, %ecx
    movl %ebx, programs(,%ecx,4)
    incl %ecx
    movl %ecx, alive
    movl %ecx, P_ID(%ebx)
    movl $READY, P_STATE(%ebx)
# 148 "chapters/130-processes.md"
    ret
# 246 "chapters/130-processes.md"
who_is_next:                    # esi: a program's page
    movl turn, %ecx
    movl $PROGRAMS_MAX, %edx
1:
    incl %ecx
    andl $PROGRAMS_MAX - 1, %ecx
    movl programs(,%ecx,4), %esi
    testl %esi, %esi
    jz 2f
    cmpl $READY, P_STATE(%esi)
    je 3f
2:
    decl %edx
    jnz 1b
    movl $idle_page, %esi
    ret
3:
    movl %ecx, turn
    ret
# 273 "chapters/130-processes.md"
schedule:                       # interrupts are off
    call who_is_next
    movl %esp, %eax
    andl $-4096, %eax           # eax: who we are
    cmpl %esi, %eax
    je 1f
    pushl %ebx
    pushl %esi
    pushl %edi
    pushl %ebp
    movl %esp, P_ESP(%eax)
    movl P_ESP(%esi), %esp
    call take_over
    popl %ebp
    popl %edi
    popl %esi
    popl %ebx
1:
    ret
# 307 "chapters/130-processes.md"
take_over:                      # esi: who runs from now on
    cmpl $idle_page, %esi
    je 1f
    cmpl %esi, in_force
    je 1f
    movl %esi, in_force
    incl switches
    movl P_DIRECTORY(%esi), %eax
    call write_cr3
    leal 4096(%esi), %eax
    call load_sp0
    addl $P_TLS, %esi
    call load_tls
    jmp collect
1:
    ret
# 329 "chapters/130-processes.md"
every_tick:
    movl $1, next_please
    xorl %ecx, %ecx
1:
    movl programs(,%ecx,4), %eax
    testl %eax, %eax
    jz 2f
    cmpl $SLEEPING, P_STATE(%eax)
    jne 2f
    movl ticks, %edx
    cmpl P_WAKE(%eax), %edx
    jb 2f
    movl $READY, P_STATE(%eax)
2:
    incl %ecx
    cmpl $PROGRAMS_MAX, %ecx
    jb 1b
    ret
# 355 "chapters/130-processes.md"
before_leaving:
    testl $2, FRAME_CS(%ebp)
    jz 1f
    cmpl $0, next_please
    je 1f
    movl $0, next_please
    jmp schedule
1:
    ret
# 33 "chapters/140-asking.md"
system_call:
    pushl $0
    pushl $answer
    jmp enter_kernel

answer:                         # ebp: the frame
    incl system_calls
    movl FRAME_EAX(%ebp), %eax
    cmpl $5, %eax
    jae 1f
    jmp *answers(,%eax,4)
1:
    movl $-1, FRAME_EAX(%ebp)   # there is no such call
    ret

answers:
    .long answer_exit, answer_say, answer_who, answer_sleep
    .long answer_thread
# 71 "chapters/140-asking.md"
answer_say:
    cmpl $PAGE_OFFSET, FRAME_ESI(%ebp)
    jae 1b
    cmpl $PAGE_OFFSET, FRAME_EBX(%ebp)
    jae 1b
    call who_we_are
    leal P_ID(%ebx), %ebx
    movl $in_front, %esi
    call say
    decl %edi                   # upon the NUL
    movl FRAME_ESI(%ebp), %esi
    movl FRAME_EBX(%ebp), %ebx
    jmp next_character
# 89 "chapters/140-asking.md"
answer_who:
    call who_we_are
    movl P_ID(%ebx), %eax
    movl %eax, FRAME_EAX(%ebp)
    ret

who_we_are:                     # ebx: our program
    movl %esp, %ebx
    andl $-4096, %ebx
    ret
# 104 "chapters/140-asking.md"
answer_sleep:
    call irq_disable
    call who_we_are
    movl ticks, %eax
    addl FRAME_EBX(%ebp), %eax
    movl %eax, P_WAKE(%ebx)
    movl $SLEEPING, P_STATE(%ebx)
    jmp schedule
# 121 "chapters/140-asking.md"
answer_thread:
    call irq_disable
    call who_we_are
    movl FRAME_EBX(%ebp), %eax
    movl %eax, %ecx
    shll $16, %ecx
    movw $0xFFFF, %cx           # base 15..0, limit 15..0
    movl %ecx, P_TLS(%ebx)
    movl %eax, %ecx
    shrl $16, %ecx
    andl $0xFF, %ecx            # base 23..16
    andl $0xFF000000, %eax      # base 31..24
    orl %ecx, %eax
    orl $0x00CFF200, %eax       # data, writable, ring 3, 4 GiB
    movl %eax, P_TLS + 4(%ebx)
    movl $USER_TLS, FRAME_GS(%ebp)
    leal P_TLS(%ebx), %esi
    jmp load_tls
# 163 "chapters/140-asking.md"
divide_error:
    pushl $0
    pushl $divided
    jmp enter_kernel
invalid_opcode:
    pushl $0
    pushl $did_not_understand
    jmp enter_kernel
device_not_available:
    pushl $0
    pushl $clear_ts             # that is all there is to do
    jmp enter_kernel
general_protection:             # these two bring an error code
    pushl $was_not_allowed
    jmp enter_kernel
page_fault:
    pushl $mend
    jmp enter_kernel
# 212 "chapters/140-asking.md"
odd_exception:
    pushl $0
odd_exception_with_code:
    pushl $did_something_odd
    jmp enter_kernel
# 224 "chapters/140-asking.md"
mend:                           # ebp: the frame
    call read_cr2
    movl %eax, %esi             # esi: where it was
    shrl $22, %eax
    cmpl $PROGRAM >> 22, %eax
    jne trespassed
    call who_we_are
    cmpl $idle_page, %ebx
    je kernel_fault
    movl %esi, %eax
    shrl $10, %eax
    andl $0xFFC, %eax
    movl P_TABLE(%ebx), %edi
    addl %eax, %edi             # edi: its entry
    movl (%edi), %eax
    testl $1, %eax
    jnz mend_copy
# 251 "chapters/140-asking.md" # columns -4
    cmpl $HEAP, %esi
    jb trespassed
    cmpl $HEAP_END, %esi
    jb 1f
    cmpl $STACK, %esi
    jb trespassed
    1:
    incl pages_appeared
    call take_empty_page
    mend_with:                      # eax: the page to put there
    subl $PAGE_OFFSET - 0x67, %eax  # P, R/W, U/S, and A, D at once
    jmp set_pte
# 270 "chapters/140-asking.md" # columns -4
    mend_copy:
    testl $2, FRAME_ERROR(%ebp)     # a write?
    jz trespassed
    testl $COPY, %eax
    jz trespassed
    incl pages_copied
    pushl %esi
    pushl %edi
    andl $0xFFFFF000, %eax
    leal PAGE_OFFSET(%eax), %esi
    call take_page
    movl %eax, %edi
    movl $1024, %ecx
    rep movsl
    popl %edi
    popl %esi
    jmp mend_with
# 303 "chapters/140-asking.md"
divided:
    incl killed_dividing
    movl $divided_by_zero, %esi
    jmp kill
did_not_understand:
    incl killed_otherwise
    movl $no_instruction, %esi
    jmp kill
was_not_allowed:
    incl killed_otherwise
    movl $not_allowed, %esi
    jmp kill
did_something_odd:
    incl killed_otherwise
    movl $oddity, %esi
    jmp kill
trespassed:
    testl $2, FRAME_CS(%ebp)
    jnz 1f
    cmpl $PAGE_OFFSET, cr2      # our own mistake, or on behalf?
    jae kernel_fault
1:
    incl killed_trespassing
    movl $no_page, %esi
# 332 "chapters/140-asking.md"
kill:                           # esi: what it did
    call irq_disable
    call who_we_are
    cmpl $idle_page, %ebx
    je kernel_fault
    pushl cr2
    pushl FRAME_EIP(%ebp)
    pushl P_ID(%ebx)
    movl %esp, %ebx             # the numbers for the sentence
    call say
    jmp leave_for_ever

kernel_fault:
    movl $(lost_kernel - PAGE_OFFSET), %ebx
    jmp shut_down

answer_exit:
    incl exits
    call irq_disable
# 358 "chapters/140-asking.md"
leave_for_ever:
    call who_we_are
    movl P_ID(%ebx), %ecx
    movl $0, programs - 4(,%ecx,4)
    decl alive
    movl $0, in_force
    movl first_cr3, %eax
    call write_cr3
    movl $idle_page + 4096, %eax
    call load_sp0
    call collect
# 384 "chapters/140-asking.md" # columns -4
    movl P_TABLE(%ebx), %esi
    1:
    lodsl
    testl $1, %eax
    jz 2f
    testl $COPY, %eax
    jnz 2f
    andl $0xFFFFF000, %eax
    addl $PAGE_OFFSET, %eax
    call give_page
    2:
    testl $0xFFF, %esi
    jnz 1b

    movl P_DIRECTORY(%ebx), %edi
    addl $PAGE_OFFSET + (PROGRAM >> 20), %edi
    xorl %eax, %eax
    call set_pgd
    movl P_TABLE(%ebx), %eax
    call give_page
    movl P_DIRECTORY(%ebx), %eax
    addl $PAGE_OFFSET, %eax
    call give_page
    movl %ebx, %eax
    call give_page
# 370 "chapters/140-asking.md"
    jmp schedule                # and never come back
# 406 "chapters/130-processes.md"
numbers:
ticks_in_all:       .long 0
naps:               .long 0
switches:           .long 0
system_calls:       .long 0
pages_appeared:     .long 0
pages_copied:       .long 0
exits:              .long 0
killed_dividing:    .long 0
killed_trespassing: .long 0
killed_otherwise:   .long 0
pages_in_use:       .long 0

alive:          .long 0
turn:           .long 0
in_force:       .long 0         # whose page tables
next_please:    .long 0
first_cr3:      .long 0
free_pages:     .long 0
programs:       .fill PROGRAMS_MAX, 4, 0
# 431 "chapters/130-processes.md"
opening:
    .asciz "Programs that take turns from now on: #\n"
in_front:
    .asciz "  [#] "
divided_by_zero:
    .asciz "  [#] is no more: divided by zero at 0x@\n"
no_instruction:
    .asciz "  [#] is no more: no such instruction at 0x@\n"
not_allowed:
    .asciz "  [#] is no more: not allowed at 0x@\n"
oddity:
    .asciz "  [#] is no more: something odd before 0x@\n"
no_page:
    .asciz "  [#] is no more: at 0x@ it touched 0x@\n"
no_memory:
    .asciz "Out of memory"
lost_kernel:
    .asciz "The kernel has made a mistake"
`;

/** The rest of the gates. */
export const moreGates = String.raw`
# 25 "chapters/140-asking.md"
.long 0x80, system_call, 0xEF00
# 147 "chapters/140-asking.md"
.long 0, divide_error, 0x8F00
.long 6, invalid_opcode, 0x8F00
.long 7, device_not_available, 0x8E00
.long 13, general_protection, 0x8F00
.long 14, page_fault, 0x8E00
# 196 "chapters/140-asking.md"
.long 1, odd_exception, 0x8F00
.long 3, odd_exception, 0xEF00
.long 4, odd_exception, 0xEF00
.long 5, odd_exception, 0x8F00
.long 10, odd_exception_with_code, 0x8F00
.long 11, odd_exception_with_code, 0x8F00
.long 12, odd_exception_with_code, 0x8F00
.long 16, odd_exception, 0x8F00
.long 17, odd_exception_with_code, 0x8F00
.long 19, odd_exception, 0x8F00
# 452 "chapters/140-asking.md"
gates_end:
`;

/** The programs themselves, and which are to be started, in order. */
export function imagesOf(
  programs: readonly string[], order: readonly number[],
): string {
  const rows = order.map((n) => `.long image_${n}, image_${n + 1}\n`);
  const made = '# 1 "programs"\n';
  const image = (n: number) => `${made}.balign 4096\nimage_${n}:\n`;
  const images = programs.map((text, n) => `${image(n)}${text}\n`);
  return made + "images:\n" + rows.join("") + "images_end:\n" +
    images.join("") + image(programs.length);
}

/** A Guest's assembly that runs these programs, in this order; `after`
 * is carried out when all have ended. */
export function guestTextOf(
  programs: readonly string[],
  order: readonly number[] = programs.map((_, n) => n),
  after = "",
): string {
  return firstSteps + waking + living + after + bedtime + luggage +
    operations + firstGates + moreGates + interruptions + processes +
    imagesOf(programs, order) + theEnd;
}

/** A Guest that runs these programs and goes to bed. */
export function guestOf(...programs: string[]): Uint8Array {
  return guestImage(guestTextOf(programs));
}
