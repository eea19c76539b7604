// Small Guests that look at lguest's ABI, and note what they find from
// 0x180000 on.
import * as assert from "uvu/assert";
import { assemble, writeElf } from "../src/assembler";
import { freePages, hostOops } from "../src/host";
import { bootHost } from "../src/lguest";
import { guestOutcome, launcher } from "../src/launcher";
import type { DevLguest, HostOptions } from "../src/lguest";
import { Machine } from "../src/machine";
import type { MachineEvent } from "../src/machine";
import { mapAll } from "./guests";

export const MiB = 1024 * 1024;

/** What all of them have: lguest_data, stacks, and a way to note eax. */
const COMMON = `
.equ NOTES, 0x180000
note:
    movl next, %edi
    movl %eax, (%edi)
    addl $4, next
    ret
gate:                           # ebx vector, ecx handler, edx type and DPL
    pushl %ecx
    andl $0xffff0000, %ecx
    orl %ecx, %edx
    popl %ecx
    movl $6, %eax
    int $0x1f
    ret
    .balign 4
next: .long NOTES
    .fill 512, 1, 0
stack:
    .fill 512, 1, 0
ring1_stack:
    .fill 512, 1, 0
user_stack:
message: .asciz "done"
    .balign 4
data: .long 0x200, 1, 0, 0, 0, 0
    .fill 64, 1, 0xff
    .fill 1280, 1, 0
    .long 0, 0
    .long last_iret, 0xc0000000, 0x80
`;

export const INIT = `
    movl $stack, %esp
    movl $1, %eax
    movl $data, %ebx
    int $0x1f
`;

/** Page tables for 4 MiB, all of it for ring 3; flat segments; a stack. */
export const PAGED = INIT + `
    movl $0x200000, %ebx
    movl $0x201007, (%ebx)
${mapAll(0x201000)}    movl $4, %eax
    int $0x1f
    movl $18, %eax
    movl $14, %ebx
    movl $0xffff, %ecx
    movl $0xcffa00, %edx
    int $0x1f
    incl %ebx
    movl $0xcff200, %edx
    int $0x1f
    movl $7, %eax
    movl $0x69, %ebx
    movl $ring1_stack, %ecx
    movl $1, %edx
    int $0x1f
`;

export const TO_RING_3 = `
    movl $0x7b, %eax
    movl %eax, %ds
    movl %eax, %es
    pushl %eax
    pushl $user_stack
    pushl $0x202
    pushl $0x73
    pushl $program
    iret
`;

export const OFF = `
    movl $2, %eax
    movl $message, %ebx
    movl $1, %ecx
    int $0x1f
`;

export const call = (number: number, ...args: number[]) =>
  `movl $${number}, %eax\n` + args.map((value, i) =>
    `movl $${value | 0}, %${["ebx", "ecx", "edx", "esi"][i]}\n`).join("") +
  "int $0x1f\n";

export interface Found {
  machine: Machine; notes: number[]; reason: string; state: string;
  events: MachineEvent[]; console: string; halted: boolean;
}

const KEPT = new Set(["hypercall", "guest-irq", "reflect", "ask-launcher",
  "shadow-fill"]);

export function image(text: string): Uint8Array {
  const labels = (text.includes("last_iret:") ? "" : "last_iret: iret\n");
  const { bytes } = assemble(`${text}\n${labels}${COMMON}`,
    { origin: 0x100000, name: "a Guest" });
  return writeElf([{ paddr: 0x100000, vaddr: 0x100000, bytes }], 0x100000);
}

/** How many pages for devices a Launcher says that its Guest may have. */
const withDevices = (dev: DevLguest, pages: number): DevLguest => ({
  ...dev, write: (...words) => words[0] !== 0 ? dev.write(...words)
    : dev.write(...words.slice(0, 4), words[2]! + pages) });

interface Options extends Partial<HostOptions> { devicePages?: number }

export function find(
  text: string, { devicePages = 256, ...options }: Options = {}, budget = 2e6,
): Found {
  const machine = new Machine({ memory: 20 * MiB });
  const found: Found = { machine, notes: [], events: [], console: "",
    reason: "", state: "", halted: false };
  const inner = launcher((bytes) => {
    found.console += String.fromCharCode(...bytes);
  });
  const step = (dev: DevLguest) => {
    if (typeof dev.result === "number") {
      const bytes = dev.readGuest(0x180000, 256)!;
      found.notes = [...new Uint32Array(bytes.buffer, bytes.byteOffset, 64)];
    }
    return inner.step(withDevices(dev, devicePages));
  };
  bootHost(machine, { launcher: { step }, ...options, guests: [{
    name: "g", image: image(text), commandLine: "", memory: 4 * MiB }] });
  machine.events.on((event) => {
    if (KEPT.has(event.kind)) found.events.push(event);
  });
  const { reason } = machine.run({ maxInstructions: budget });
  found.halted = reason === "halted";
  Object.assign(found, guestOutcome(machine, 0));
  assert.is(hostOops(machine), undefined);
  if (found.state !== "running") {
    const { now, boot } = freePages(machine);
    assert.is(now, boot, "all pages came back");
  }
  return found;
}

/** The notes of a Guest that came to its end. */
export function notes(
  text: string, count: number,
  more: Partial<HostOptions> & { rest?: string } = {},
): number[] {
  const { rest = "", ...options } = more;
  const found = find(`${text}\n${OFF}\n${rest}`, options);
  assert.is(`${found.state}: ${found.reason}`, "crashed: done");
  return found.notes.slice(0, count);
}

/** A handler by its name. */
export const HANDLER = (name: string, body: string) => `${name}: ${body}\n`;

/** A gate for a vector that leads to `handlerN`. */
export const GENERAL = (vector: number, type: number) => `
    movl $${vector}, %ebx
    movl $handler${vector}, %ecx
    movl $${type}, %edx
    call gate
`;

/** What a handler does first: it takes ring 1's data segment, and notes how
 * far its stack has grown. */
export const NOTE_DEPTH = `
    movl $0x69, %eax
    movl %eax, %ds
    movl %esp, %eax
    subl $ring1_stack, %eax
    call note
`;
