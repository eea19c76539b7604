# Code whose place matters.
        .text

# Alone in its page: the number is written over again and again.
        .globl patch, call_patch
        .balign 4096
patch:
call_patch:
        movl $0, %eax
        ret
        .balign 4096

# u32 mix(u32 n)
        .macro mix
        movl 4(%esp), %ecx
        movl $1, %eax
        jecxz 2f
1:      addl $0x12345678, %eax
        roll $5, %eax
        xorl $0x0badcafe, %eax          # across: this one is on both
        addl %ecx, %eax
        decl %ecx
        jnz 1b
2:      ret
        .endm

        .globl mix_across, mix_within
mix_within:
        mix
        .balign 4096
        .skip 4096 - 22
mix_across:
        mix
        .balign 4096
