// A Guest with a driver for its console: it sends back what is typed, letters
// in the other case, and sleeps until there is more. A full stop powers it
// off, an exclamation mark starts it again.
import { guest, shutdown } from "./guests";
import { CONSOLE, driver } from "./virtio";

const RINGS = 0x180000, BUFFERS = 0x190000, ROOM = 16, SEEN = RINGS + 0x1fe;
const line = driver("line", CONSOLE, RINGS, 2);

const gate = `
    movl $heard, %ecx
    movl %ecx, %edx
    andl $0xffff, %ecx
    orl $0x610000, %ecx
    andl $0xffff0000, %edx
    orl $0x8e00, %edx
    movl $0x21, %ebx
    movl $6, %eax
    int $0x1f
`;

const buffers = [0, 1, 2, 3].map((n) => line.offer(
  [{ at: BUFFERS + ROOM * n, length: ROOM, write: true }], 0, n)).join("");

const sendBack = `
    movl %ecx, %edi
    shll $4, %ecx
    leal ${BUFFERS}(%ecx), %esi
    movl %edx, %ecx
4:  movb -1(%esi,%ecx), %al
    testb $0x40, %al
    jz 5f
    xorb $0x20, -1(%esi,%ecx)
5:  loop 4b
` + line.offer([{ at: "%esi", length: "%edx" }], 1) + line.notify(1) +
  line.wait(1) + `
    movb -1(%esi,%edx), %al
    cmpb $0x2e, %al
    je off
    cmpb $0x21, %al
    je restart
    movl %edi, %ecx
` + line.again() + line.notify();

/** The Guest, as an ELF file. */
export const echoGuest = () => guest(line.start() + buffers +
  line.notify() + gate + `
listen:
    movl $0, lguest_data
    movw ${SEEN}, %ax
    cmpw ${SEEN + 4}, %ax
    jne 3f
    movl $10, %eax
    int $0x1f
    jmp listen
3:
` + line.next() + sendBack + `
    jmp listen
off:
` + shutdown("bye") + `
restart:
` + shutdown("bye", 2) + `
heard:
    pushl %eax
    pushl %ebx
    movl line_bar, %ebx
    movb 0x3a(%ebx), %al
    popl %ebx
    popl %eax
    movl $0x200, lguest_data
    iret
bye: .asciz ""
` + line.data);
