// Guests that send each other frames with checksums, and who reads those
// that were written down.
import { guest, shutdown } from "./guests";
import { driver, NET } from "./virtio";

/** Bytes of a frame; of its header, and of what virtio has before it. */
export const FRAME = 1514;
const ETHERNET = 14, VIRTIO = 12;
const RINGS = 0x200000, OUT = 0x210000, IN = 0x220000, EACH = 0x800;
const BUFFERS = 16, TYPE = 0x88b5;
/** Frames that are sent before an answer is waited for. */
export const WINDOW = 16;

const net = driver("net", NET, RINGS, 2);
const DATA = net.data + `
    .balign 4
count: .long 0
off:   .asciz ""
`;

/** ebp becomes the checksum of the words of a frame at esi + 12. */
const sum = `
    pushl %esi
    movl $${(FRAME - ETHERNET - 4) >> 2}, %ecx
    xorl %ebp, %ebp
1:  roll $1, %ebp
    xorl ${VIRTIO + ETHERNET}(%esi), %ebp
    addl $4, %esi
    loop 1b
    popl %esi
`;
const SUM = VIRTIO + FRAME - 4;

/** Begins a frame at OUT: for whom, and from which Guest's first card. */
const header = (to: readonly number[], from: number) =>
  [...to, 2, 0, 0, 0, from, 0, TYPE >> 8, TYPE & 0xff].map((byte, i) =>
    `    movb $${byte}, ${OUT + VIRTIO + i}\n`).join("");
const FIRST_OF_1 = [2, 0, 0, 0, 1, 0], ALL = Array<number>(6).fill(0xff);

const send = net.offer([{ at: OUT, length: VIRTIO + FRAME }], 1) +
  net.notify(1) + net.wait(1);

/** Makes all buffers for frames available. */
const prepare = Array.from({ length: BUFFERS }, (_, n) => net.offer(
  [{ at: IN + n * EACH, length: EACH, write: true }], 0, n)).join("") +
  net.notify(0);

/** esi becomes the next frame that has arrived. */
const receive = net.next(0) + `
    movl %ecx, %esi
    imull $${EACH}, %esi
    addl $${IN}, %esi
    pushl %ecx
`;
const giveBack = "    popl %ecx\n" + net.again(0) + net.notify(0);

const ofWindow = (then: string) => `
    incl count
    testl $${WINDOW - 1}, count
    jnz 6f
${then}
6:
`;

/** Sends so many frames to Guest 1's card, with or without waiting for
 * answers. */
export function sender(frames: number, answered = true): Uint8Array {
  return guest(net.start() + prepare + header(FIRST_OF_1, 0) + `
3:  movl $${OUT}, %esi
    movl $${(FRAME - ETHERNET - 4) >> 2}, %ecx
    movl count, %eax
    leal ${OUT + VIRTIO + ETHERNET}, %edi
4:  imull $1664525, %eax
    addl $1013904223, %eax
    stosl
    loop 4b
` + sum + `
    movl %ebp, ${OUT + SUM}
` + send + ofWindow(answered ? receive + giveBack : "") + `
    cmpl $${frames}, count
    jb 3b
` + shutdown("off") + DATA);
}

/** Receives so many frames, checks them, and answers to everybody. */
export function receiver(frames: number): Uint8Array {
  return guest(net.start() + prepare + header(ALL, 1) + "3:\n" + receive +
    sum + `
    cmpl %ebp, ${SUM}(%esi)
    je 5f
    ud2
5:
` + giveBack + ofWindow(send) + `
    cmpl $${frames}, count
    jb 3b
` + shutdown("off") + DATA);
}

/** A frame that was written down. */
export interface Frame {
  /** Nanoseconds. */
  readonly time: number;
  readonly bytes: Uint8Array;
}

/** The frames in a pcap file with nanoseconds. */
export function pcapFrames(file: Uint8Array): Frame[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const word = (at: number) => view.getUint32(at, true);
  const head = [0, 4, 8, 12, 16, 20].map(word);
  if (head.join() !== [0xa1b23c4d, 0x40002, 0, 0, 65535, 1].join())
    throw new Error(`no such pcap file: ${head.join(" ")}`);
  const frames: Frame[] = [];
  for (let at = 24; at < file.length;) {
    const length = word(at + 8);
    if (length !== word(at + 12) || at + 16 + length > file.length)
      throw new Error(`a damaged frame at ${at}`);
    frames.push({ time: word(at) * 1e9 + word(at + 4),
      bytes: file.slice(at + 16, at + 16 + length) });
    at += 16 + length;
  }
  return frames;
}
