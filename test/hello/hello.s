# A Guest that says hello, for GNU as. Built by build.sh beside it:
#
#   as --32 -o hello.o hello.s
#   ld -m elf_i386 -Ttext=0x100000 -o hello.elf hello.o
#   npm start -- run --kernel hello.elf
#
# It starts in ring 1 with paging off and without a stack, and stays so:
# every address below is Guest-physical.

        .equ    LGUEST_INIT, 1          # hypercalls: int $0x1f,
        .equ    LGUEST_SHUTDOWN, 2      # number in eax,
        .equ    LGUEST_NOTIFY, 17       # arguments in ebx, ecx, edx

        .text
        .globl  _start
_start:
        movl    $LGUEST_INIT, %eax      # the first call has to be INIT:
        movl    $lguest_data, %ebx      # what Host and Guest share
        int     $0x1f

        movl    $LGUEST_NOTIFY, %eax
        movl    $hello, %ebx            # a string that ends with NUL
        int     $0x1f

        movl    $LGUEST_SHUTDOWN, %eax
        movl    $power_down, %ebx       # any other message is a panic
        movl    $1, %ecx                # 1: power off, 2: restart
        int     $0x1f
1:      jmp     1b                      # not reached

        .section .rodata
hello:  .asciz  "Hello from a kernel of one's own.\n"
power_down:
        .asciz  "Power down"

        .data
        .balign 4
lguest_data:
        .long   0                       # irq_enabled
        .long   1                       # blocked_interrupts: the timer
        .long   0                       # cr2
        .long   0, 0                    # time
        .long   0                       # irq_pending
        .fill   64, 1, 0xff             # hcall_status: nothing posted
        .fill   64 * 20, 1, 0           # hcalls
        .long   0                       # reserve_mem, filled in by INIT
        .long   0                       # tsc_khz, filled in by INIT
        .long   0                       # noirq_iret: no interrupts here
        .long   0xc0000000              # kernel_address
        .long   0x80                    # syscall_vec
