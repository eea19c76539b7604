// Woven from chapters/150-programs.md.
import { guestImage } from "./first";
import { guestTextOf } from "./processes";

const counter = String.raw`
# 29 "chapters/150-programs.md"
counter:
    movl $2, %edi               # edi: is this a prime?
    xorl %esi, %esi             # esi: how many we have
1:
    movl $2, %ecx               # ecx: does this divide it?
2:
    movl %ecx, %eax
    mull %eax
    cmpl %edi, %eax
    ja 3f                       # too large: it is a prime
    movl %edi, %eax
    xorl %edx, %edx
    divl %ecx
    testl %edx, %edx
    jz 5f
    incl %ecx
    jmp 2b
3:
    incl %esi
# 58 "chapters/150-programs.md" # columns -4
    movl %esi, %eax
    xorl %edx, %edx
    movl $100, %ebx
    divl %ebx
    testl %edx, %edx
    jnz 5f
    pushl %edi                      # the prime
    pushl %esi                      # its number
    movl %esp, %ebx
    movl $(counted - counter + PROGRAM), %esi
    movl $1, %eax                   # say
    int $0x80
    popl %esi
    popl %edi
    cmpl $800, %esi
    jb 5f
    xorl %eax, %eax                 # exit
    int $0x80
# 49 "chapters/150-programs.md"
5:
    incl %edi
    jmp 1b
# 81 "chapters/150-programs.md"
counted:
    .asciz "counter: prime number # is #\n"
`;

const sieve = String.raw`
# 93 "chapters/150-programs.md"
.equ NUMBERS, 32768

sieve:
    movl $2, %ecx
1:
    cmpb $0, HEAP(%ecx)
    jne 3f
    movl %ecx, %eax
    mull %eax                   # begin at its square
2:
    cmpl $NUMBERS, %eax
    jae 3f
    movb $1, HEAP(%eax)
    addl %ecx, %eax
    jmp 2b
3:
    incl %ecx
    cmpl $182, %ecx             # the root of NUMBERS
    jb 1b
# 119 "chapters/150-programs.md" # columns -4
        xorl %edx, %edx             # edx: primes
        movl $2, %ecx
        movl $(NUMBERS / 4), %edi   # edi: when to say something
    4:
        cmpb $1, HEAP(%ecx)         # carry: it is a 0
        adcl $0, %edx
        incl %ecx
        cmpl %edi, %ecx
        jb 4b
        pushl %edi
        pushl %edx
        movl %esp, %ebx
        movl $(sieved - sieve + PROGRAM), %esi
        movl $1, %eax               # say
        int $0x80
        addl $8, %esp
        addl $(NUMBERS / 4), %edi
        cmpl $NUMBERS, %edi
        jbe 4b
        xorl %eax, %eax             # exit
        int $0x80
    sieved:
        .asciz "sieve: # primes below #\n"
`;

const twin = String.raw`
# 156 "chapters/150-programs.md"
twin:
    movl $2, %eax               # who?
    int $0x80
    movl %eax, mine - twin + PROGRAM
    movl %eax, %edi

    movl %edi, %ebx
    shll $8, %ebx
    addl $HEAP, %ebx
    movl $4, %eax               # thread
    int $0x80
    movl %edi, %gs:0
# 180 "chapters/150-programs.md" # columns -4
        movl $4, %ebp               # rounds
    1:
        movl $200, %ecx
    2:
        movl $2, %eax               # who?
        int $0x80
        cmpl %edi, %eax
        jne 3f
        loop 2b
        pushl %gs:0
        pushl mine - twin + PROGRAM
        movl %esp, %ebx
        movl $(remembered - twin + PROGRAM), %esi
        movl $1, %eax               # say
        int $0x80
        addl $8, %esp
        movl $16, %ebx
        movl $3, %eax               # sleep
        int $0x80
        decl %ebp
        jnz 1b
        cmpl %edi, mine - twin + PROGRAM
        jne 3f
        cmpl %edi, %gs:0
        je 4f
    3:
        ud2                         # I am not myself
    4:
# 169 "chapters/150-programs.md"
    xorl %eax, %eax             # exit
    int $0x80

mine:
    .long 0
# 213 "chapters/150-programs.md"
remembered:
    .asciz "twin: I am #. My segment says #, too\n"
`;

const divider = String.raw`
# 223 "chapters/150-programs.md"
divider:
    movl $3, %edi
1:
    xorl %edx, %edx
    movl $12, %eax
    divl %edi
    pushl %eax
    pushl %edi
    movl %esp, %ebx
    movl $(quotient - divider + PROGRAM), %esi
    movl $1, %eax               # say
    int $0x80
    addl $8, %esp
    movl $1, %ebx
    movl $3, %eax               # sleep
    int $0x80
    decl %edi
    jmp 1b
quotient:
    .asciz "divider: 12 / # = #\n"
`;

const burglar = String.raw`
# 250 "chapters/150-programs.md"
burglar:
    pushl $0xC0100000
    movl %esp, %ebx
    movl $(plan - burglar + PROGRAM), %esi
    movl $1, %eax               # say
    int $0x80
    movl 0xC0100000, %eax
    movl $(success - burglar + PROGRAM), %esi
    movl $1, %eax
    int $0x80
plan:
    .asciz "burglar: what may be at 0x@?\n"
success:
    .asciz "burglar: hee hee\n"
`;

const accounts = String.raw`
# 271 "chapters/150-programs.md"
movl ticks, %eax
movl %eax, ticks_in_all
movl $balance, %esi
movl $numbers, %ebx
call say
`;

const sheet = String.raw`
# 281 "chapters/150-programs.md"
balance:
    .ascii "They have all gone. In numbers:\n"
    .ascii "  time      # ticks, and # times nothing to do\n"
    .ascii "  switches  # from one program to another\n"
    .ascii "  calls     # system calls\n"
    .ascii "  pages     # appeared, # were copied\n"
    .ascii "  programs  # ended; # divided by zero, # broke in, "
    .ascii "# did something else\n"
    .asciz "  left      # pages that nobody gave back\n"
`;

/** Its programs, and the order in which they begin. */
export const demonstration = [
  [counter, sieve, twin, divider, burglar + sheet], [0, 1, 2, 2, 3, 4],
] as const;

/** The default Guest's assembly, for GNU as or for ours. */
export const guestText = guestTextOf(...demonstration, accounts);

/** The Guest that runs four honest programs and two others. */
export function defaultGuest(): Uint8Array {
  return guestImage(guestText);
}
