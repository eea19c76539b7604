// Woven from chapters/662-trouble.md.
// The Host's own load: a program that knows what is right.
import { assemble } from "../assembler";
import { panic } from "../machine";
import { place } from "./map";
import { PROGRAMS_MAX } from "./programs";

/** Words that it fills in a round. */
const WORDS = 1024;

/** What they must add up to. */
function rightSum(): number {
  let number = 1, sum = 0;
  for (let i = 0; i < WORDS; i++) {
    number = (Math.imul(number, 1664525) + 1013904223) >>> 0;
    sum = (((sum << 1) | (sum >>> 31)) + number) >>> 0;
  }
  return sum;
}

const text = `
.equ WORDS, ${WORDS}
.equ SUM, ${rightSum()}
# 327 "chapters/662-trouble.md"
    movl %eax, %ebp
    pushl $0                    # 20: a CPU's bit
    pushl %ebx                  # 16: rounds that are left
    pushl $20000                # 12: nanoseconds,
    pushl $0                    # 8: and seconds
    pushl %ecx                  # 4: where we may run
    pushl $-1                   # 0: for an answer
round:
    movl $1, %edx
    xorl %ecx, %ecx
1:  imull $1664525, %edx, %edx
    addl $1013904223, %edx
    movl %edx, %eax
    xorl %ebp, %eax
    movl %eax, (%esi,%ecx,4)
    incl %ecx
    cmpl $WORDS, %ecx
    jb 1b
# 353 "chapters/662-trouble.md" # columns -4
    movl $20, %eax                  # getpid
    int $0x80
    cmpl %ebp, %eax
    jne wrong
    call where
# 378 "chapters/662-trouble.md" # columns -4
    btsl %edi, 20(%esp)
    leal 20(%esp), %edx
    call tie
    movl $158, %eax                 # sched_yield
    int $0x80
    testl %eax, %eax
    jnz wrong
    movl %edi, %edx
    call where
    cmpl %edx, %edi
    jne wrong
    movl $0, 20(%esp)
    leal 4(%esp), %edx
    call tie
# 359 "chapters/662-trouble.md" # columns -4
    movl $318, %eax                 # getcpu
    movl $0xc0108000, %ebx          # struct host
    int $0x80
    cmpl $-14, %eax                 # EFAULT
    jne wrong
    testb $3, 16(%esp)
    jnz 2f
    movl $162, %eax                 # nanosleep, at times
    leal 8(%esp), %ebx
    int $0x80
    testl %eax, %eax
    jnz wrong
    2:
# 398 "chapters/662-trouble.md" # columns -4
        movl $1, %edi
        xorl %edx, %edx
        xorl %ecx, %ecx
    1:  movl (%esi,%ecx,4), %eax
        xorl %ebp, %eax
        roll $1, %edx
        addl %eax, %edx
        incl %ecx
        cmpl $WORDS, %ecx
        jb 1b
        cmpl $SUM, %edx
        jne wrong
        decl 16(%esp)
        jnz round
# 418 "chapters/662-trouble.md" # columns -8
            xorl %ebx, %ebx             # all is well
        exit:
            movl $1, %eax
            int $0x80
        wrong:
            movl $1, %ebx
            jmp exit
        where:                          # edi: the CPU that we are on
            movl $318, %eax             # getcpu
            leal 4(%esp), %ebx
            xorl %ecx, %ecx
            int $0x80
            testl %eax, %eax
            jnz wrong
            movl 4(%esp), %edi
            cmpl $8, %edi
            jae wrong
            ret
        tie:                            # edx: to the CPUs of the mask there
            movl $241, %eax             # sched_setaffinity
            xorl %ebx, %ebx
            movl $4, %ecx
            int $0x80
            testl %eax, %eax
            jnz wrong
            ret
`;

/** Programs that the Host runs beside the processes of its module. */
export interface HostLoad {
  /** How many. */
  load?: number;
  /** The CPU that they are tied to. */
  loadOn?: number;
  /** Rounds that each makes; by default they go on till the others end. */
  loadRounds?: number;
}

/** The load's words on the Host's command line. */
export function loadWords(options: HostLoad): string[] {
  const { load = 0, loadOn, loadRounds } = options;
  return load === 0 ? [] : [`load=${load}`,
    ...loadOn === undefined ? [] : [`load-on=${loadOn}`],
    ...loadRounds === undefined ? [] : [`load-rounds=${loadRounds}`]];
}

/** The load's file, if there is to be load on a machine of so many CPUs. */
export function loadFiles(
  options: HostLoad, cpus: number,
): { bytes: Uint8Array; note: string }[] {
  const { load = 0, loadOn = 0 } = options;
  if (load > PROGRAMS_MAX)
    panic(`a load of ${load}: the Host has room for ${PROGRAMS_MAX}`);
  if (loadOn >= cpus)
    panic(`load on CPU ${loadOn}: the last of this machine is ${cpus - 1}`);
  return load === 0 ? [] : [{ bytes: loadProgram(), note: "program" }];
}

let built: Uint8Array | undefined;

function loadProgram(): Uint8Array {
  built ??= assemble(text, { origin: place.MEM_BASE, name: "load" }).bytes;
  return built;
}
