// Drivers for Guests of tests, as assembly that begins with paging off:
// registers are reached by their physical addresses, rings are polled. All
// of it may change eax, ecx, edx, ebx and esi.

/** A piece of memory in a chain; a number, a label or a register. */
export interface Part {
  readonly at: number | string;
  readonly length: number | string;
  /** Whether it is the device that writes. */
  readonly write?: boolean;
}

/** What devices are called in virtio. */
export const NET = 1, BLOCK = 2, CONSOLE = 3, RNG = 4;

/** Descriptors of a queue; where its rings are, from its page's begin on. */
export const QUEUE = 16;
const AVAIL = 0x100, USED = 0x200, PAGE = 0x1000;
/** Registers from BAR 0 on. */
const DEVICE_FEATURE = 4, DRIVER_SELECT = 8, DRIVER_FEATURE = 12, STATUS = 20,
  QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_ENABLE = 28, QUEUE_DESC = 32,
  QUEUE_AVAIL = 40, QUEUE_USED = 48, NOTIFY = 0x38, CONFIG = 0x3c;

const operand = (value: number | string) =>
  typeof value === "string" && value.startsWith("%") ? value : `$${value}`;

/** eax becomes a word of the configuration space whose address is in eax. */
const readPci = `
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfc, %dx
    inl %dx, %eax
`;

/** A driver of the `nth` device of a kind, with a page for each of its
 * queues from `rings` on. */
export function driver(
  name: string, id: number, rings: number, queues = 1, nth = 0,
) {
  const page = (queue: number) => rings + queue * PAGE;

  /** Finds it; trap 6 if it isn't there. */
  const probe = `
    movl $0x80000000, %ecx
    movl $${nth}, %esi
1:  addl $0x800, %ecx
    cmpl $0x80010000, %ecx
    jb 2f
    ud2
2:  movl %ecx, %eax
    ${readPci}
    cmpl $${(0x1040 + id) * 0x10000 + 0x1af4}, %eax
    jne 1b
    decl %esi
    jns 1b
    leal 0x10(%ecx), %eax
    ${readPci}
    andl $-16, %eax
    movl %eax, ${name}_bar
`;
  const status = (value: number) => `
    movb $${value}, %al
    movb %al, ${STATUS}(%ebx)
`;
  const set = (register: number, value: number, letter = "l") => `
    mov${letter} $${value}, %${letter === "l" ? "eax" : "ax"}
    mov${letter} ${letter === "l" ? "%eax" : "%ax"}, ${register}(%ebx)
`;
  const setUp = (queue: number) => set(QUEUE_SELECT, queue, "w") +
    set(QUEUE_SIZE, QUEUE, "w") + set(QUEUE_DESC, page(queue)) +
    set(QUEUE_AVAIL, page(queue) + AVAIL) +
    set(QUEUE_USED, page(queue) + USED) + set(QUEUE_ENABLE, 1, "w");

  return {
    /** Its registers' address, and what it is told; once, among the data. */
    data: `\n    .balign 4\n${name}_bar: .long 0\n`,

    /** Finds it and makes it live, with features of its first 32. */
    start: (features = 0) => probe + `
    movl ${name}_bar, %ebx` + status(0) + status(1) + status(3) +
      set(DRIVER_SELECT, 0) + set(DRIVER_FEATURE, features) +
      set(DRIVER_SELECT, 1) + set(DRIVER_FEATURE, 1) + status(11) +
      Array.from({ length: queues }, (_, n) => setUp(n)).join("") +
      status(15),

    /** eax becomes features 0 to 31. */
    features: `\n    movl ${name}_bar, %ebx\n` + set(0, 0) +
      `    movl ${DEVICE_FEATURE}(%ebx), %eax\n`,

    /** eax becomes a word of its own configuration. */
    config: (at: number) => `
    movl ${name}_bar, %ebx
    movl ${CONFIG + at}(%ebx), %eax
`,

    /** Makes a chain available, in descriptors from `first` on; the device
     * doesn't know it yet. */
    offer: (parts: readonly Part[], queue = 0, first = 0) =>
      parts.map(({ at, length, write = false }, i) => {
        const place = page(queue) + 16 * (first + i);
        const next = i < parts.length - 1;
        return `
    movl ${operand(at)}, ${place}
    movl $0, ${place + 4}
    movl ${operand(length)}, ${place + 8}
    movw $${(next ? 1 : 0) + (write ? 2 : 0)}, ${place + 12}
    movw $${next ? first + i + 1 : 0}, ${place + 14}
`;
      }).join("") + `
    movzwl ${page(queue) + AVAIL + 2}, %eax
    andl $${QUEUE - 1}, %eax
    movw $${first}, ${page(queue) + AVAIL + 4}(,%eax,2)
    incw ${page(queue) + AVAIL + 2}
`,

    /** Says that there is something in a queue. */
    notify: (queue = 0) => `
    movl ${name}_bar, %ebx
    movw $${queue}, %ax
    movw %ax, ${NOTIFY}(%ebx)
`,

    /** Waits until all that is available has been used. */
    wait: (queue = 0) => `
1:  movw ${page(queue) + USED + 2}, %ax
    cmpw ${page(queue) + AVAIL + 2}, %ax
    jne 1b
`,

    /** Waits until more is used than there was when it last waited; ecx
     * becomes the descriptor, edx the bytes that were written. */
    next: (queue = 0) => `
    movzwl ${page(queue) + USED - 2}, %eax
1:  cmpw ${page(queue) + USED + 2}, %ax
    je 1b
    incw ${page(queue) + USED - 2}
    andl $${QUEUE - 1}, %eax
    movl ${page(queue) + USED + 4}(,%eax,8), %ecx
    movl ${page(queue) + USED + 8}(,%eax,8), %edx
`,

    /** Makes the descriptor in ecx available again. */
    again: (queue = 0) => `
    movzwl ${page(queue) + AVAIL + 2}, %eax
    andl $${QUEUE - 1}, %eax
    movw %cx, ${page(queue) + AVAIL + 4}(,%eax,2)
    incw ${page(queue) + AVAIL + 2}
`,
  };
}

/** A disk's driver: each request is waited for, and trap 6 if it failed. */
export function diskDriver(name: string, rings: number, nth = 0) {
  const disk = driver(name, BLOCK, rings, 1, nth);
  const head = rings + 0x800, status = rings + 0x810;
  const request = (type: number, sector: number | string,
    parts: readonly Part[]) => `
    movl $${type}, ${head}
    movl $0, ${head + 4}
    movl ${operand(sector)}, ${head + 8}
    movl $0, ${head + 12}
    movb $0xff, ${status}` + disk.offer([{ at: head, length: 16 }, ...parts,
    { at: status, length: 1, write: true }]) + disk.notify() + disk.wait();
  const good = `
    cmpb $0, ${status}
    je 1f
    ud2
1:
`;
  const read = (sector: number | string, at: number | string,
    length: number | string) =>
    request(0, sector, [{ at, length, write: true }]) + good;
  const write = (sector: number | string, at: number | string,
    length: number | string) =>
    request(1, sector, [{ at, length }]) + good;
  return { ...disk, request, status, read, write,
    flush: request(4, 0, []) + good };
}
