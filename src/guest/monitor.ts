// Woven from chapters/806-monitor.md.
import { consoleDriver, handToConsole } from "./console";
import { bedtime, firstSteps, guestImage, luggageWith, theEnd } from "./first";
import { operations } from "./operations";
import { imagesOf, moreGates, processes } from "./processes";
import { demonstration } from "./programs";
import { firstGates, interruptions, waking } from "./ticks";

const monitor = String.raw`
# 36 "chapters/806-monitor.md"
movl cr3, %eax
movl %eax, first_cr3
movl lguest_data + 12, %eax         # seconds since 1970
movl %eax, born
call set_ts
call start_console
cmpl $0, console
je nobody_listens
movl $welcome, %esi
call say
prompt:
movl $prompt_text, %esi
movl $8, %ecx
call console_write
idle:
call irq_disable
call schedule                       # comes back when nobody is ready
cmpl $0, lines
jne a_line
cmpl $0, alive
jne 1f
xorl %eax, %eax
call set_clock                      # nobody needs it
1:
call halt
jmp idle
# 70 "chapters/806-monitor.md"
a_line:
call take_line
call irq_enable
movl %esi, %ebp                     # ebp: the line
movl $commands, %ebx
1:
movl (%ebx), %edi                   # edi: a word
testl %edi, %edi
jz unknown
movl %ebp, %esi
2:
lodsb
cmpb (%edi), %al
jne 3f
incl %edi
jmp 2b
3:
cmpb $0, (%edi)                     # the word is over:
jne 4f
cmpb $0x20, %al                     # is the typed one?
jbe 5f
4:
addl $8, %ebx
jmp 1b
5:
pushl $prompt                       # where to go from there
jmp *4(%ebx)
unknown:
cmpb $10, (%ebp)                    # an empty line is no mistake
je prompt
movl $no_such, %esi
call say
jmp prompt
# 158 "chapters/806-monitor.md"
do_help:
    movl $help_text, %esi
    jmp say

do_echo:
    leal 5(%ebp), %esi
    movl %ebp, %edi
1:
    cmpb $10, (%edi)
    leal 1(%edi), %edi
    jne 1b
    movl %edi, %ecx
    subl %esi, %ecx
    jle 2f
    jmp console_write
2:
    ret

tell:                           # esi: a template; edx: how many words on
    movl %esp, %ebx             # top of the stack are its numbers
    pushl %edx
    call say
    popl %edx
    leal (%esp,%edx,4), %esp
    ret
# 189 "chapters/806-monitor.md"
do_mem:
    movl mapped, %eax
    subl first_free, %eax
    shrl $12, %eax
    pushl %eax                  # pages that were never handed out
    pushl pages_in_use
    pushl mapped_mib
    movl memory_size, %eax
    shrl $20, %eax
    pushl %eax
    movl $mem_text, %esi
    movl $4, %edx
    jmp tell

do_ps:
    cmpl $0, alive
    je 3f
    xorl %edi, %edi
1:
    movl programs(,%edi,4), %ecx
    testl %ecx, %ecx
    jz 2f
    pushl %edi
    call one_program
    popl %edi
2:
    incl %edi
    cmpl $PROGRAMS_MAX, %edi
    jb 1b
    ret
3:
    movl $nobody_text, %esi
    jmp say

one_program:                    # ecx: its page
    pushl P_DIRECTORY(%ecx)
    pushl P_ID(%ecx)
    movl $2, %edx
    movl $ready_text, %esi
    cmpl $READY, P_STATE(%ecx)
    je tell
    movl $sleeping_text, %esi
    jmp tell
# 240 "chapters/806-monitor.md"
do_pages:
    movl first_cr3, %esi
    addl $PAGE_OFFSET + 768 * 4, %esi
    movl $256, %ecx
    xorl %eax, %eax             # entries that are present,
    xorl %edx, %edx             # that were used,
    xorl %ebx, %ebx             # and that were written to
1:
    movl (%esi), %edi
    testl $1, %edi
    jz 4f
    andl $0xFFFFF000, %edi
    addl $PAGE_OFFSET, %edi
    pushl %ecx
    movl $1024, %ecx
2:
    testb $1, (%edi)
    jz 3f
    incl %eax
    testb $0x20, (%edi)
    jz 3f
    incl %edx
    testb $0x40, (%edi)
    jz 3f
    incl %ebx
3:
    addl $4, %edi
    loop 2b
    popl %ecx
4:
    addl $4, %esi
    loop 1b
    pushl pages_copied
    pushl pages_appeared
    pushl %ebx
    pushl %edx
    pushl %eax
    movl $pages_text, %esi
    movl $5, %edx
    jmp tell
# 286 "chapters/806-monitor.md"
do_uptime:
    pushl ticks
    movl lguest_data + 12, %eax
    subl born, %eax
    pushl %eax
    movl $uptime_text, %esi
    movl $2, %edx
    jmp tell

do_irq:
    pushl heard_irqs
    pushl console_irq
    pushl ticks
    movl $irq_text, %esi
    movl $3, %edx
    jmp tell
# 312 "chapters/806-monitor.md"
do_bench:
    movl $1f, %esi
    call price
    pushl %eax
    movl $2f, %esi
    call price
    pushl %eax
    movl $3f, %esi
    call price
    pushl %eax
    movl $bench_text, %esi
    movl $3, %edx
    jmp tell
1:
    movl $nothing, %esi
    movl $4096, %ecx
    jmp console_write
2:
    movl $LHCALL_FLUSH_ASYNC, %eax
    jmp hypercall
3:
    ret

price:                          # esi: what; eax: ticks, on the average
    rdtsc
    pushl %eax
    movl $10, %ecx
1:
    pushl %ecx
    pushl %esi
    call *%esi
    popl %esi
    popl %ecx
    loop 1b
    rdtsc
    popl %ecx
    subl %ecx, %eax
    xorl %edx, %edx
    movl $10, %ecx
    divl %ecx
    ret
# 363 "chapters/806-monitor.md"
do_run:
    cmpl $0, alive
    jne 2f
    call irq_disable
    movl $images, %esi
1:
    call start_program
    addl $8, %esi
    cmpl $images_end, %esi
    jb 1b
    call start_clock
    jmp irq_enable
2:
    movl $busy_text, %esi
    jmp say

do_crash:
    movl 0x80000000, %eax       # nothing is there
    ret

do_halt:
    movl $-1, blocked_interrupts
    call halt
    jmp do_halt

do_reboot:
    movl $LGUEST_SHUTDOWN, %eax
    movl $2, %ecx
    movl $(power_down - PAGE_OFFSET), %ebx
    int $0x1f

nobody_listens:
power_off:
`;

const words = String.raw`
# 108 "chapters/806-monitor.md"
commands:
    .long word_help, do_help, word_ps, do_ps, word_mem, do_mem
    .long word_pages, do_pages, word_uptime, do_uptime
    .long word_irq, do_irq, word_bench, do_bench, word_run, do_run
    .long word_echo, do_echo, word_crash, do_crash, word_halt, do_halt
    .long word_reboot, do_reboot, word_poweroff, power_off
    .long 0

word_help:      .asciz "help"
word_ps:        .asciz "ps"
word_mem:       .asciz "mem"
word_pages:     .asciz "pages"
word_uptime:    .asciz "uptime"
word_irq:       .asciz "irq"
word_bench:     .asciz "bench"
word_run:       .asciz "run"
word_echo:      .asciz "echo"
word_crash:     .asciz "crash"
word_halt:      .asciz "halt"
word_reboot:    .asciz "reboot"
word_poweroff:  .asciz "poweroff"
# 132 "chapters/806-monitor.md"
welcome:
    .asciz "This kernel can be asked. Try help.\n"
prompt_text:
    .ascii "lguest> "
no_such:
    .asciz "  There is no such word; try help.\n"
help_text:
    .ascii "  ps        programs, and how they are\n"
    .ascii "  mem       memory\n"
    .ascii "  pages     my page tables, and what was done with them\n"
    .ascii "  uptime    how long I have been here\n"
    .ascii "  irq       interrupts so far\n"
    .ascii "  bench     what a few things cost\n"
    .ascii "  run       run the programs of the demonstration\n"
    .ascii "  echo ...  say that again\n"
    .ascii "  crash     read where nothing is, and die of it\n"
    .ascii "  halt      sleep where nothing can wake me\n"
    .ascii "  reboot    ask to be started again\n"
    .asciz "  poweroff  go to bed\n"
# 399 "chapters/806-monitor.md"
mem_text:
    .ascii "  # MiB, of which # are mapped\n"
    .asciz "  # pages are in use, # were never handed out\n"
ready_text:
    .asciz "  [#] ready, directory 0x@\n"
sleeping_text:
    .asciz "  [#] sleeping, directory 0x@\n"
nobody_text:
    .asciz "  Nobody is here but me; try run.\n"
pages_text:
    .ascii "  # pages are mapped, # were used, # written to\n"
    .asciz "  # appeared under programs, # were copied\n"
uptime_text:
    .asciz "  # seconds, and # ticks of my clock\n"
irq_text:
    .asciz "  0: # of the clock; #: # of the console\n"
bench_text:
    .ascii "  in ticks of 10 ns:\n"
    .ascii "  # for a call and a return\n"
    .ascii "  # for a hypercall that does nothing\n"
    .asciz "  # for a page on the console\n"
busy_text:
    .asciz "  They are running; wait.\n"
.balign 4
born:           .long 0
nothing:        .fill 4096, 1, 0
`;

/** The monitor's assembly, for GNU as or for ours. */
export const monitorText = firstSteps + waking + monitor + bedtime +
  luggageWith(handToConsole) + operations + firstGates + moreGates +
  interruptions + processes + consoleDriver + words +
  imagesOf(...demonstration) + theEnd;

/** The Guest that can be asked. */
export function monitorGuest(): Uint8Array {
  return guestImage(monitorText);
}
