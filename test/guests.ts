// Small Guests for tests, assembled from a few lines each.
import { assemble, writeElf } from "../src/assembler";

const ORIGIN = 0x100000;

const DATA = `
    .balign 4
lguest_data:
    .long 0, 1, 0, 0, 0, 0
    .fill 64, 1, 0xff
    .fill 64 * 20, 1, 0
    .long 0, 0, 0
    .long 0xc0000000, 0x80
    .fill 256, 1, 0
stack_top:
`;

const INIT = `
    movl $stack_top, %esp
    movl $1, %eax
    movl $lguest_data, %ebx
    int $0x1f
`;

/** A Guest that runs these lines in linear mode, without INIT. */
export function bareGuest(body: string): Uint8Array {
  const text = `start:\n${body}\n${DATA}`;
  const { bytes } = assemble(text, { origin: ORIGIN, name: "a Guest" });
  return writeElf([{ paddr: ORIGIN, vaddr: ORIGIN, bytes }], ORIGIN);
}

/** A Guest that makes INIT and then runs these lines in linear mode. */
export function guest(body: string): Uint8Array {
  return bareGuest(INIT + body);
}

/** Fills a page table there: 4 MiB as they are, all of it for ring 3. */
export const mapAll = (table: number) => `
    movl $${table}, %edi
    movl $7, %eax
1:  stosl
    addl $4096, %eax
    cmpl $0x400007, %eax
    jb 1b
`;

/** Prints a string of a Guest's, by label. */
export const notify = (label: string) =>
  `movl $17, %eax\n movl $${label}, %ebx\n int $0x1f\n`;

/** Shuts down with the message at a label; ecx 1 off, 2 restart. */
export const shutdown = (label: string, how = 1) =>
  `movl $2, %eax\n movl $${label}, %ebx\n movl $${how}, %ecx\n` +
  " int $0x1f\n";

/** Each does one thing that a Guest must not do. */
export const hostile: readonly {
  name: string; image: () => Uint8Array; reason: RegExp;
}[] = [
  { name: "traps before it has an IDT",
    image: () => guest("ud2"), reason: /trap 6/ },
  { name: "asks for hypercall 99",
    image: () => guest("movl $99, %eax\n int $0x1f"), reason: /99/ },
  { name: "asks for anything before INIT",
    image: () => bareGuest("movl $10, %eax\n int $0x1f"),
    reason: /before INIT/ },
  { name: "makes INIT twice",
    image: () => guest(INIT), reason: /INIT for the second time/ },
  { name: "hands over lguest_data outside its memory",
    image: () => bareGuest(
      "movl $1, %eax\n movl $0x70000000, %ebx\n int $0x1f"),
    reason: /lguest_data/ },
  { name: "hands over a page table outside its memory",
    image: () => guest(
      "movl $4, %eax\n movl $0x70000000, %ebx\n int $0x1f\n hang: jmp hang"),
    reason: /bad page directory/ },
  { name: "has a directory entry that leads outside its memory",
    image: () => guest("movl $0x70000003, 0x180000\n" +
      "movl $4, %eax\n movl $0x180000, %ebx\n int $0x1f\n hang: jmp hang"),
    reason: /page directory/ },
  { name: "maps the Switcher's addresses",
    image: () => guest("movl $14, %eax\n movl $0x180000, %ebx\n" +
      "movl $0xffc00000, %ecx\n movl $0x100063, %edx\n int $0x1f\n" +
      "hang: jmp hang"),
    reason: /Switcher/ },
  { name: "writes to the Switcher",
    image: () => guest("movl $0, 0xffc00000"), reason: /trap 14/ },
  { name: "jumps into nowhere",
    image: () => guest("movl $0x70000000, %eax\n jmp *%eax"),
    reason: /bad page table entry/ },
  { name: "loads an IDT of its own",
    image: () => guest("lidt lguest_data"), reason: /trap 13/ },
];

/** Loops for ever. */
export const endless = () => guest("hang: jmp hang");
