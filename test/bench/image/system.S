# What a machine needs before C runs on it, its traps, and its rings.
        .set CODE, 0x08                 # ring 0
        .set DATA, 0x10
        .set USER_CODE, 0x1b            # ring 3
        .set USER_DATA, 0x23            # and DS and ES of ring 0, too
        .set TSS, 0x28
        .set OTHER_CODE, 0x30           # ring 0 again, elsewhere
        .set OTHER_BASE, 0x1000
        .set GATE, 0x8e00               # an interrupt gate
        .set USER_GATE, 0xee00          # one that ring 3 may call

        .text
        .long 0x1badb002, 0, -0x1badb002

        .globl start, leave, put
start:  cli
        cld
        movl $stack_end, %esp
        pushl 16(%ebx)                  # the command line
        lgdt gdt_pointer
        movl $tss, %eax                 # its descriptor's base
        movw %ax, gdt + TSS + 2
        shrl $16, %eax
        movb %al, gdt + TSS + 4
        movb %ah, gdt + TSS + 7
        movl $DATA, %eax
        movl %eax, %ss
        movl $USER_DATA, %eax
        movl %eax, %ds
        movl %eax, %es
        ljmp $CODE, $1f
1:      movl $TSS, %eax
        ltr %ax
        call write_gates
        lidt idt_pointer
        call map_memory                 # gives the page directory
        movl %eax, %cr3
        movl %cr0, %eax
        orl $0x80010000, %eax           # PG, WP
        movl %eax, %cr0
        call bench

leave:  movl 4(%esp), %eax
        movl $0x501, %edx               # ends QEMU; nobody's elsewhere
        outb %al, %dx
1:      hlt                             # the end for the others
        jmp 1b

put:    movl $0x3fd, %edx               # COM1's line status
1:      inb %dx, %al
        testb $0x20, %al
        jz 1b
        movl $0x3f8, %edx
        movb 4(%esp), %al
        outb %al, %dx
        ret

# The traps. Those that nobody expects are the end.
write_gates:
        xorl %ecx, %ecx
1:      movl $unexpected, %eax
        movl $GATE, %edx
        call write_gate
        incl %ecx
        cmpl $32, %ecx
        jb 1b
        movl $14, %ecx
        movl $page_fault, %eax
        call write_gate
        movl $USER_GATE, %edx
        movl $0x30, %ecx
        movl $count_trap, %eax
        call write_gate
        incl %ecx
        movl $out_of_ring_3, %eax
        call write_gate
        incl %ecx
        movl $step_in_ring_0, %eax

write_gate:                             # ecx: vector, eax: to, edx: kind
        movl %eax, idt(, %ecx, 8)
        movw $CODE, idt + 2(, %ecx, 8)
        movl %eax, idt + 4(, %ecx, 8)
        movw %dx, idt + 4(, %ecx, 8)
        ret

unexpected:
        pushl $'!'
        call put
        pushl $3
        call leave

page_fault:                             # a page comes back
        pushl %eax
        movl %cr2, %eax
        shrl $12, %eax
        testl $1, page_tables(, %eax, 4)
        jnz unexpected
        orl $1, page_tables(, %eax, 4)
        incl faults
        popl %eax
        addl $4, %esp
        iret

count_trap:
        incl %eax
        iret

# u32 count_traps(u32 n)
        .globl count_traps
count_traps:
        movl 4(%esp), %ecx
        xorl %eax, %eax
        testl %ecx, %ecx
        jz 2f
1:      int $0x30
        decl %ecx
        jnz 1b
2:      ret

# u32 in_ring_3(u32 (*f)(u32), u32 n)
        .globl in_ring_3
in_ring_3:
        pushl %ebp
        pushl %ebx
        pushl %esi
        pushl %edi
        movl 20(%esp), %eax
        movl 24(%esp), %ecx
        movl %esp, tss + 4
        pushl $USER_DATA
        pushl $user_stack_end
        pushl $2
        pushl $USER_CODE
        pushl $1f
        iret
1:      pushl %ecx
        call *%eax
        int $0x31
out_of_ring_3:
        movl tss + 4, %esp
        popl %edi
        popl %esi
        popl %ebx
        popl %ebp
        ret

        .macro mix
        .rept 5
        addl %ecx, %eax
        xorl $0x01234567, %eax
        roll $3, %eax
        .endr
        .endm

# u32 alternate(u32 n): a step here and one in ring 0, by turns. Steps are
# alone in their pages.
        .macro step
        .balign 4096
        mix
        .endm

        .globl alternate, ring_0_step, step_here, step_elsewhere
alternate:
        movl 4(%esp), %ecx
        xorl %eax, %eax
        testl %ecx, %ecx
        jz 2f
1:      call step_here
        int $0x32
        decl %ecx
        jnz 1b
2:      ret
step_in_ring_0:
        call *ring_0_step
        iret
        .balign 4096
step_here:
        mix
        ret
        .balign 4096
step_elsewhere:
        mix
        ret
        .balign 4096

# u32 jump(u32 n): steps with a far jump before each.
        .macro jump selector base
        movl 4(%esp), %ecx
        xorl %eax, %eax
        testl %ecx, %ecx
        jz 3f
1:      ljmp $\selector, $2f - \base
2:
        mix
        ljmp $CODE, $4f
4:
        mix
        decl %ecx
        jnz 1b
3:      ret
        .endm

        .globl jump_other, jump_same
jump_other:
        jump OTHER_CODE OTHER_BASE
jump_same:
        jump CODE 0

        .data
        .balign 8
gdt:    .quad 0
        .quad 0x00cf9a000000ffff        # CODE
        .quad 0x00cf92000000ffff        # DATA
        .quad 0x00cffa000000ffff        # USER_CODE
        .quad 0x00cff2000000ffff        # USER_DATA
        .quad 0x0000890000000067        # TSS
        .quad 0x00c09a0010001fff        # OTHER_CODE: 32 MiB from OTHER_BASE
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .long gdt
idt_pointer:
        .word 8 * 0x33 - 1
        .long idt
tss:    .long 0, 0, DATA                # esp0, ss0
        .fill 22, 4, 0
        .word 0, 104                    # no map of ports
ring_0_step:
        .long step_here

        .bss
        .balign 4
        .globl faults
faults: .skip 4
        .balign 4096
idt:    .skip 8 * 0x33
        .balign 4096
stack:  .skip 16384
stack_end:
user_stack:
        .skip 4096
user_stack_end:
