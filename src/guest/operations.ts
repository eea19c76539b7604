// Woven from chapters/110-operations.md.
/** The paravirtual operations: all that knows of the Host. */
export const operations = String.raw`
# 426 "chapters/110-operations.md"
.equ IF, 0x200                  # in EFLAGS
.equ KERNEL_CS, 0x61            # entry 12, for ring 1
.equ KERNEL_DS, 0x69            # entry 13

.equ LHCALL_FLUSH_ASYNC, 0
.equ LHCALL_NEW_PGTABLE, 4
.equ LHCALL_LOAD_IDT_ENTRY, 6
.equ LHCALL_SET_STACK, 7
.equ LHCALL_TS, 8
.equ LHCALL_SET_CLOCKEVENT, 9
.equ LHCALL_HALT, 10
.equ LHCALL_SET_PTE, 14
.equ LHCALL_SET_PGD, 15
.equ LHCALL_LOAD_TLS, 16
.equ LHCALL_LOAD_GDT_ENTRY, 18
.equ LHCALL_SEND_INTERRUPTS, 19
# 450 "chapters/110-operations.md"

# 56 "chapters/110-operations.md"
hypercall:                      # eax: which; ebx, ecx, edx, esi
    movl $0, posted
    int $0x1f
    ret
# 85 "chapters/110-operations.md"
post:                           # as hypercall, but it can wait
    pushl %edi
    movl next_post, %edi
    cmpb $0xFF, hcall_status(%edi)
    jne 1f
    leal (%edi,%edi,4), %edi    # a place has five words
    movl %eax, hcalls(,%edi,4)
    movl %ebx, hcalls + 4(,%edi,4)
    movl %ecx, hcalls + 8(,%edi,4)
    movl %edx, hcalls + 12(,%edi,4)
    movl %esi, hcalls + 16(,%edi,4)
# 109 "chapters/110-operations.md" # columns -4
    movl next_post, %edi
    movb $0, hcall_status(%edi)
    incl %edi
    andl $63, %edi
    movl %edi, next_post
    movl $1, posted
# 97 "chapters/110-operations.md"
    popl %edi
    ret
1:
    popl %edi
    jmp hypercall
# 124 "chapters/110-operations.md"
collect:                        # let the Host see what is posted
    cmpl $0, posted
    je 1f
    movl $LHCALL_FLUSH_ASYNC, %eax
    jmp hypercall
1:
    ret

posted:     .long 0
next_post:  .long 0
# 149 "chapters/110-operations.md"
irq_disable:                    # cli
    movl $0, irq_enabled
    ret

save_flags:                     # pushf; popl %eax
    movl irq_enabled, %eax
    ret
# 165 "chapters/110-operations.md"
irq_enable:                     # sti
    movl $IF, irq_enabled
    testl $IF, irq_pending
    jnz send_interrupts
    ret

restore_flags:                  # pushl %eax; popf
    movl %eax, irq_enabled
    testl %eax, irq_pending
    jnz send_interrupts
    ret

send_interrupts:
    movl $LHCALL_SEND_INTERRUPTS, %eax
    jmp hypercall
# 219 "chapters/110-operations.md"
interrupt_return:               # iret
    pushl 8(%esp)               # the frame's EFLAGS,
    andl $IF, (%esp)            # of which one bit is ours
    popl %ss:irq_enabled
noirq_iret:
    iret
# 239 "chapters/110-operations.md"
set_clock:                      # eax: from now, in nanoseconds
    pushl %ebx
    movl %eax, %ebx
    movl $LHCALL_SET_CLOCKEVENT, %eax
    call post
    popl %ebx
    ret
# 255 "chapters/110-operations.md"
halt:                           # sti; hlt
    movl $LHCALL_HALT, %eax
    jmp hypercall
# 270 "chapters/110-operations.md"
write_cr3:                      # movl %eax, %cr3
    movl %eax, cr3
    pushl %ebx
    movl %eax, %ebx
    movl $LHCALL_NEW_PGTABLE, %eax
    call post
    popl %ebx
    ret

read_cr3:                       # movl %cr3, %eax
    movl cr3, %eax
    ret

read_cr2:                       # movl %cr2, %eax
    movl cr2, %eax
    ret
# 296 "chapters/110-operations.md"
set_pte:                        # movl %eax, (%edi); invlpg (%esi)
    movl %eax, (%edi)           # edi: the entry, esi: for which page
    pushl %ebx
    movl cr3, %ebx
    movl %esi, %ecx
    movl %eax, %edx
    movl $LHCALL_SET_PTE, %eax
    call hypercall
    popl %ebx
    ret
# 314 "chapters/110-operations.md"
set_pgd:                        # movl %eax, (%edi); and a flush
    movl %eax, (%edi)
    pushl %ebx
    leal -PAGE_OFFSET(%edi), %ebx
    andl $0xFFFFF000, %ebx
    movl %edi, %ecx
    andl $0xFFF, %ecx
    shrl $2, %ecx
    movl $LHCALL_SET_PGD, %eax
    call hypercall
    popl %ebx
    ret
# 337 "chapters/110-operations.md"
write_gdt_entry:                # ebx: index; ecx, edx: the entry
    movl $LHCALL_LOAD_GDT_ENTRY, %eax
    jmp hypercall

write_idt_entry:                # ebx: vector; ecx, edx: the gate
    movl $LHCALL_LOAD_IDT_ENTRY, %eax
    jmp hypercall
# 359 "chapters/110-operations.md"
load_tls:                       # esi: three descriptors
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    pushl %ebx
    leal -PAGE_OFFSET(%esi), %ebx
    movl $LHCALL_LOAD_TLS, %eax
    call post
    popl %ebx
    ret
# 379 "chapters/110-operations.md"
load_sp0:                       # eax: a program's stack in the kernel
    pushl %ebx
    movl $KERNEL_DS, %ebx
    movl %eax, %ecx
    movl $1, %edx
    movl $LHCALL_SET_STACK, %eax
    call post
    popl %ebx
    ret
# 398 "chapters/110-operations.md"
set_ts:                         # movl %cr0, …; orl $8, …
    pushl %ebx
    movl $1, %ebx
    jmp 1f
clear_ts:                       # clts
    pushl %ebx
    xorl %ebx, %ebx
1:
    movl $LHCALL_TS, %eax
    call hypercall
    popl %ebx
    ret
# 417 "chapters/110-operations.md"
in_byte:                        # edx: port
    xorl %eax, %eax
    inb %dx, %al
    ret
`;
