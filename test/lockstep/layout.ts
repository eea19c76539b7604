// Where things lie in a machine of the lock-step test. Linear addresses up
// to 4 MiB are physical ones, until a program edits its tables.
//
//   01000  GDT, 01800 its copy         20000  page directories A and B
//   02000  IDTs, one a CPU             24000  page tables 0 to 4
//   04000  TSSs, two a CPU             34000  copies of them
//   08000  a page a CPU: its words     40000  the program, 32 pages
//          and its kernel's stack      60000  data, 16 pages
//   10000  the kernel                  70000  stacks, a page a CPU and kind
//   18000  how blocks are entered      80000  code of 16 bits
//
//   400000 aliases of data and code    800000 the first 4 MiB once more
//   C00000 the same; and devices, from CFD000 on
//
// Directory B has tables 1 and 4 where A has 1 and 2.

export const GDT = 0x1000, GDT_COPY = 0x1800, IDTS = 0x2000, TSSS = 0x4000,
  PER_CPU = 0x8000, KERNEL = 0x10000, FRAMES = 0x18000;
export const DIRECTORY_A = 0x20000, DIRECTORY_B = 0x21000, TABLES = 0x24000,
  TABLES_END = 0x29000, COPY = 0x10000;
export const CODE = 0x40000, CODE_END = 0x60000, DATA = 0x60000,
  DATA_END = 0x70000, STACKS = 0x70000, NARROW = 0x80000,
  NARROW_END = 0x90000;
/** Linear addresses. */
export const ALIASES = 0x400000, ALIAS_PAGES = 64, LARGE = 0x800000,
  HIGH = 0xc00000, DEVICE = 0xcfd000, APIC_AT = 0xcfe000;
/** Physical: a device's memory. And its ports. */
export const DEVICE_MEMORY = 0xe0000000, PORTS = 0x80, PORTS_LENGTH = 16;

/** A CPU's own words, in its page. */
export const OWN = { random: 0, faults: 4, lastEip: 8, lastCr2: 12,
  sequence: 16, seen: 20, hits: 24, index: 28, idtr: 0x40 } as const;

/** Selectors. */
export const S = { code0: 0x08, data0: 0x10, code3: 0x1b, data3: 0x23,
  code1: 0x29, data1: 0x31, narrow0: 0x38, narrow3: 0x43, fs: 0x4b,
  gs: 0x53, down: 0x5b, based: 0x63, basedCode: 0x6b, stack16: 0x73,
  gate: 0x7b, readOnly: 0x83, tss: 0x88, tssDf: 0xa8, short: 0xcb, limited: 0xd3 } as const;
/** Where the segment of limited code ends; routines of any width. */
export const LIMITED_END = DATA + 0xf7ff, BOTH = NARROW + 0x6000,
  CODE_BASE = 0x1000;
/** Where the segments begin that aren't flat. */
export const FS_BASE = DATA + 0x800, GS_BASE = DATA + 0x1004,
  BASED = DATA, STACK16_BASE = STACKS;

/** Words of a frame: what a block finds in the registers. */
export const FRAME = ["kind", "gs", "fs", "es", "ds", "edi", "esi", "ebp",
  "unused", "ebx", "edx", "ecx", "eax", "eip", "cs", "eflags", "esp", "ss",
] as const;
export type Frame = Record<typeof FRAME[number], number>;
export const FRAME_BYTES = 4 * FRAME.length;
/** A word of a frame that the kernel points to with ESI. */
export const inFrame = (name: keyof Frame) =>
  `${4 * FRAME.indexOf(name)}(%esi)`;
