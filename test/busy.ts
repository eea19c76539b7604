// A Guest that does a little of everything, in about 150 000 instructions.
import { guestOf } from "../src/guest";

const say = (program: string) => `
    movl $1, %eax
    movl $(word_${program} - ${program} + PROGRAM), %esi
    xorl %ebx, %ebx
    int $0x80
`;
const word = (program: string) =>
  `word_${program}: .asciz "I am ${program}\\n"\n`;
const exit = "xorl %eax, %eax\n int $0x80\n";

/** Computes for some ticks, and is preempted. */
const spinner = `spinner:
    movl $26000, %ecx
1:  loop 1b
    ${say("spinner") + exit + word("spinner")}`;

/** Sleeps, asks for a segment, and sleeps again. */
const sleeper = `sleeper:
    movl $3, %edi
1:  movl $3, %ebx
    movl $3, %eax
    int $0x80
    movl $HEAP, %ebx
    movl $4, %eax
    int $0x80
    incl %gs:0
    ${say("sleeper")}
    decl %edi
    jnz 1b
    ${exit + word("sleeper")}`;

/** Touches its heap and its own code, and then what it may not. */
const toucher = `toucher:
    movl $5, %ecx
    movl $HEAP, %edi
1:  movl %ecx, (%edi)
    movl %ecx, word_toucher + 16 - toucher + PROGRAM
    addl $4096, %edi
    loop 1b
    ${say("toucher")}
    movl %ecx, PAGE_OFFSET
    ${word("toucher")}`;

/** Interrupts, four programs, faults, page copies, naps; then the end. */
export const busy = () => guestOf(spinner, sleeper, toucher, spinner
  .replace(/spinner/g, "second"));
