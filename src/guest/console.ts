// Woven from chapters/220-console.md.
import { bedtime, firstSteps, guestImage, luggageWith, theEnd } from "./first";
import { operations } from "./operations";
import { firstGates, interruptions, looseEnds, waking } from "./ticks";

/** A way to hand a line over: by the console, once there is one. */
export const handToConsole = String.raw`
# 249 "chapters/220-console.md"
send_line:
    movb $0, (%edi)
    pushl %ebx
    cmpl $0, console
    je 1f
    pushl %esi
    movl $line, %esi
    leal -line(%edi), %ecx
    call console_write
    popl %esi
    jmp 2f
1:
    movl $LGUEST_NOTIFY, %eax
    movl $(line - PAGE_OFFSET), %ebx
    int $0x1f
2:
    popl %ebx
    jmp say
`;

/** The driver of a console. */
export const consoleDriver = String.raw`
# 61 "chapters/220-console.md"
.equ CONSOLE_AT, 0x80000800     # bus 0, device 1, register 0
.equ CONSOLE_ID, 0x10431AF4     # virtio's vendor, and its device 3

pci_read:                       # eax: a register of the console's
    orl $CONSOLE_AT, %eax
    movw $0xCF8, %dx
    outl %eax, %dx
    movw $0xCFC, %dx
    inl %dx, %eax               # eax: what it says
    ret
# 82 "chapters/220-console.md"
find_console:                   # eax: 0 if there is none
    xorl %eax, %eax
    call pci_read
    cmpl $CONSOLE_ID, %eax
    jne 3f
    movl $0x34, %eax
    call pci_read               # where the list begins
1:
    andl $0xFC, %eax
    jz 2f
    movl %eax, %esi             # esi: a capability
    call pci_read               # id 9, the next one, length, type
    movl %eax, %edi
    leal 8(%esi), %eax
    call pci_read               # its offset
    movl %edi, %ecx
    shrl $24, %ecx              # its type, 1 to 5
    andl $7, %ecx
    addl $DEVICES, %eax
    movl %eax, registers(,%ecx,4)
    movl %edi, %eax
    shrl $8, %eax
    jmp 1b
2:
    movl $0x3C, %eax
    call pci_read               # its interrupt
    andl $31, %eax
    movl %eax, console_irq
    movl $0x10, %eax
    call pci_read               # where its memory is
    andl $0xFFFFFFF0, %eax
    ret
3:
    xorl %eax, %eax
    ret
# 126 "chapters/220-console.md"
.equ DEVICES, 0xF8000000

map_device:                     # eax: its page
    orl $0x13, %eax
    movl %eax, device_table
    movl $(device_table - PAGE_OFFSET + 3), %eax
    movl cr3, %edi
    addl $PAGE_OFFSET + (DEVICES >> 20), %edi
    jmp set_pgd
# 149 "chapters/220-console.md"
start_console:
    call find_console
    testl %eax, %eax
    jz 1f
    call map_device
    movl registers + 4, %ebx    # ebx: the common registers
    movb $0, 20(%ebx)           # status: begin anew,
    movb $1, 20(%ebx)           # seen,
    movb $3, 20(%ebx)           # and I am a driver
    movl $1, 8(%ebx)            # of features 32 to 63:
    movl $1, 12(%ebx)           # VERSION_1
    movb $11, 20(%ebx)          # that is all
    movb 20(%ebx), %al
    testb $8, %al               # is it content?
    jz 1f
# 180 "chapters/220-console.md" # columns -4
    movl $hearing, %esi
    movw $0, %dx
    call set_up_queue
    movl $saying, %esi
    movw $1, %dx
    call set_up_queue
# 165 "chapters/220-console.md"
    movb $15, 20(%ebx)          # we may begin
    movl $1, console
# 275 "chapters/220-console.md" # columns -4
    movl $hearing, %edi
    movl $(heard - PAGE_OFFSET), %eax
    xorl %ecx, %ecx
    2:
    movl %eax, (%edi)               # descriptor: address,
    movl $64, 8(%edi)               # length,
    movw $2, 12(%edi)               # for the device to write to
    movw %cx, hearing + Q_AVAILABLE + 4(,%ecx,2)
    addl $64, %eax
    addl $16, %edi
    incl %ecx
    cmpl $4, %ecx
    jb 2b
    movw %cx, hearing + Q_AVAILABLE + 2
    movl registers + 8, %eax
    movw $0, (%eax)                 # queue 0, please
# 298 "chapters/220-console.md" # columns -4
    movl $console_interrupt, %eax
    movl %eax, %edx
    andl $0xFFFF0000, %edx
    orl $0x8E00, %edx
    andl $0xFFFF, %eax
    orl $KERNEL_CS << 16, %eax
    movl %eax, %ecx
    movl console_irq, %ebx
    addl $32, %ebx
    call write_idt_entry
    movl console_irq, %eax
    btrl %eax, blocked_interrupts
# 168 "chapters/220-console.md"
1:
    ret
# 189 "chapters/220-console.md"
.equ PLACES, 16
.equ Q_AVAILABLE, 16 * PLACES
.equ Q_USED, Q_AVAILABLE + 8 + 2 * PLACES
.equ Q_TAKEN, Q_USED + 8 + 8 * PLACES
.equ Q_SIZE, Q_TAKEN + 8

set_up_queue:                   # esi: where, dx: its number
    leal -PAGE_OFFSET(%esi), %eax
    movw %dx, 22(%ebx)
    movw $PLACES, 24(%ebx)
    movl %eax, 32(%ebx)
    addl $Q_AVAILABLE, %eax
    movl %eax, 40(%ebx)
    addl $Q_USED - Q_AVAILABLE, %eax
    movl %eax, 48(%ebx)
    movw $1, 28(%ebx)           # enabled
    ret
# 214 "chapters/220-console.md"
console_write:                  # esi: bytes, ecx: how many
    call save_flags
    pushl %eax
    call irq_disable
    leal -PAGE_OFFSET(%esi), %eax
    movl %eax, saying           # descriptor 0
    movl %ecx, saying + 8
    movw saying + Q_AVAILABLE + 2, %dx
    movzwl %dx, %eax
    andl $PLACES - 1, %eax
    movw $0, saying + Q_AVAILABLE + 4(,%eax,2)
    incw %dx
    movw %dx, saying + Q_AVAILABLE + 2
    movl registers + 8, %eax
    movw $1, (%eax)             # queue 1, please
1:
    cmpw %dx, saying + Q_USED + 2
    jne 1b
    popl %eax
    jmp restore_flags
# 319 "chapters/220-console.md"
console_interrupt:
    pushl $0
    pushl $hear
    jmp enter_kernel

hear:
    incl heard_irqs
    movl registers + 12, %eax
    movb (%eax), %al            # why? and: I have seen it
1:
    movw hearing + Q_TAKEN, %dx
    cmpw %dx, hearing + Q_USED + 2
    je 2f
    incw hearing + Q_TAKEN
    movzwl %dx, %eax
    andl $PLACES - 1, %eax
    movl hearing + Q_USED + 8(,%eax,8), %ecx    # how many bytes
    movl hearing + Q_USED + 4(,%eax,8), %eax    # in which buffer
    pushl %eax
    shll $6, %eax
    leal heard(%eax), %esi
    call take_typed
    popl %eax
# 349 "chapters/220-console.md" # columns -4
    movzwl hearing + Q_AVAILABLE + 2, %edx
    movl %edx, %ecx
    andl $PLACES - 1, %ecx
    movw %ax, hearing + Q_AVAILABLE + 4(,%ecx,2)
    incl %edx
    movw %dx, hearing + Q_AVAILABLE + 2
    movl registers + 8, %ecx
    movw $0, (%ecx)
# 343 "chapters/220-console.md"
    jmp 1b
2:
    ret
# 364 "chapters/220-console.md"
take_typed:                     # esi: bytes, ecx: how many
    jecxz 4f
1:
    lodsb
    movl typed_end, %edi
    movl $1, %edx               # edx: how many bytes we show
    cmpb $127, %al
    je 2f
    cmpl $typed_most, %edi      # one who types so much is not heard
    je 3f
    cmpb $13, %al
    jne 5f
    movb $10, %al
5:
    stosb
    movb %al, echo
    cmpb $10, %al
    jne 6f
    incl lines
    jmp 6f
2:
    cmpl $typed, %edi
    je 3f
    decl %edi
    cmpb $10, (%edi)            # what was said was said
    je 3f
    movl $0x082008, echo        # back, a blank, and back
    movl $3, %edx
6:
    movl %edi, typed_end
    pushl %esi
    pushl %ecx
    movl $echo, %esi
    movl %edx, %ecx
    call console_write
    popl %ecx
    popl %esi
3:
    loop 1b
4:
    ret
# 412 "chapters/220-console.md"
take_line:                      # esi: the next line, ecx: how long
    decl lines
    movl $typed, %esi
    movl $sentence, %edi
1:
    lodsb
    stosb
    cmpb $10, %al
    jne 1b
    leal -sentence(%edi), %edx
    movl typed_end, %ecx
    subl %esi, %ecx
    movl $typed, %edi
    rep movsb
    movl %edi, typed_end
    movl $sentence, %esi
    movl %edx, %ecx
    ret
# 437 "chapters/220-console.md"
console:        .long 0         # not 0: there is one
console_irq:    .long 0
heard_irqs:     .long 0         # how often it has called
registers:      .fill 8, 4, 0   # of capabilities 1 to 5
lines:          .long 0
typed_end:      .long typed
echo:           .long 0
typed:          .fill 256, 1, 0
typed_most:
sentence:       .fill 256, 1, 0
heard:          .fill 4 * 64, 1, 0
.balign 16
hearing:        .fill Q_SIZE, 1, 0
.balign 16
saying:         .fill Q_SIZE, 1, 0
.balign 4096
device_table:   .fill 4096, 1, 0
`;

const listening = String.raw`
# 484 "chapters/220-console.md"
call start_console
movl $who_is_there, %esi
call say
1:
call irq_disable
cmpl $0, lines
jne 2f
call halt
jmp 1b
2:
call take_line
call irq_enable
cmpl $0x0A657962, (%esi)        # "bye\n"
je 3f
pushl %esi
pushl %ecx
movl $you_said, %esi
movl $10, %ecx
call console_write
popl %ecx
popl %esi
call console_write
jmp 1b
3:
`;

const phrases = String.raw`
# 511 "chapters/220-console.md"
who_is_there:
    .asciz "I have a console now. Say something, and bye in the end.\n"
you_said:
    .ascii "You said: "
`;

/** The assembly of the Guest that listens. */
export const listeningGuestText = firstSteps + waking + listening + bedtime +
  luggageWith(handToConsole) + operations + firstGates + "gates_end:\n" +
  interruptions + looseEnds + consoleDriver + phrases + theEnd;

/** The Guest that says what it has heard. */
export function listeningGuest(): Uint8Array {
  return guestImage(listeningGuestText);
}
