// Where things lie when cases run that may do everything. Linear addresses
// are physical ones, unless a case says otherwise.
//
//   00000  vectors of real mode        15000  page table of the first 4 MiB
//   0C000  the kernel's data           16000  stacks of rings 0 to 3
//   0D000  the kernel's stacks         17000  data, two pages
//   10000  GDT                         19000  code, filled with CC, int3
//   11000  IDT                         1A000  another page directory
//   12000  LDT                         20000  16 pages that cases map
//   13000  task state segments         40000  the record of a case
//   14000  page directory              F0000  ROM: the kernel
//
//   1400000 the cases, one after the other: a case may push its registers
//          over the page table, and EFLAGS for an entry leads to 200000

// Where no address leads, though it lose its upper half.
export const KERNEL_DATA = 0xc000;
/** The context of the case: CONTEXT words. */
export const CONTEXT_AT = KERNEL_DATA;
/** The kernel's own variables. */
export const CASE_POINTER = 0xcf00, RUNNING = 0xcf04, EVENT_POINTER = 0xcf08,
  CASE_NUMBER = 0xcf0c, DEPTH = 0xcf10;
export const KERNEL_STACK = 0xd800, DOUBLE_FAULT_STACK = 0xdff0;

export const GDT = 0x10000, IDT = 0x11000, LDT = 0x12000, TSS = 0x13000,
  DIRECTORY = 0x14000, TABLE = 0x15000, STACKS = 0x16000, DATA = 0x17000,
  CODE = 0x19000, DIRECTORY2 = 0x1a000, ALIASES = 0x20000;
export const RECORD = 0x40000, ROM = 0xf0000, CASES = 0x1400000,
  MEMORY = 0x2000000;

/** The stacks of the rings: their tops. */
export const STACK_TOPS = [0x16400, 0x16800, 0x16c00, 0x17000] as const;

/** The task state segments: the first one is the case's own. */
export const TSS_A = TSS, TSS_B = TSS + 0x100, TSS_C = TSS + 0x200,
  TSS_DF = TSS + 0x300;
/** Where TSS_A's map of redirected interrupts and that of ports begin, and
 * its limit. */
export const INT_MAP = 0x68, PORT_MAP = INT_MAP + 0x20,
  TSS_LIMIT = PORT_MAP + 0x20;

/** A stretch of memory that a case may find changed, and change. */
export interface Region {
  readonly at: number;
  readonly words: number;
}

/** The world of a case: restored before each, compared after it. */
export const REGIONS: readonly Region[] = [
  { at: 0, words: 0x40 },
  { at: GDT, words: 0x80 },
  { at: IDT, words: 0x80 },
  { at: LDT, words: 0x20 },
  { at: TSS, words: 0x100 },
  { at: DIRECTORY, words: 0x10 },
  { at: DIRECTORY2, words: 0x10 },
  { at: TABLE, words: 0x100 },
  { at: STACKS, words: 0x400 },
  { at: DATA, words: 0x800 },
  { at: CODE, words: 0x400 },
];

/** Selectors of the GDT. The first six are the kernel's own business. */
export const SELECTORS = {
  kernelCode: 0x08, kernelData: 0x10, tssA: 0x18, tssB: 0x20, tssC: 0x28,
  tssDf: 0x30, ldt: 0x38, shortLdt: 0x40,
  code0: 0x48, code1: 0x50, code2: 0x58, code3: 0x60,
  data0: 0x68, data1: 0x70, data2: 0x78, data3: 0x80,
  conforming0: 0x88, conforming1: 0x90, executeOnly3: 0x98,
  code16: 0xa0, user16: 0xa8,
  downSmall: 0xb0, downBig: 0xb8, readOnly3: 0xc0, page3: 0xc8,
  stack16: 0xd0, userStack16: 0xd8,
  call32: 0xe0, call32params: 0xe8, call16: 0xf0, call1: 0xf8,
  callConforming: 0x100, taskB: 0x108, taskC: 0x110,
  absentCode: 0x118, absentData: 0x120, busyTask: 0x128,
  real16: 0x130, realData: 0x138,
  free: 0x140,
} as const;

/** Words of a case's context, by name. */
export const CONTEXT = [
  "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags",
  "cs", "ss", "ds", "es", "fs", "gs", "cr0", "cr3", "cr4", "ldtr", "tr",
  "dr0", "dr1", "dr2", "dr3", "dr7", "sysenterCs", "sysenterEsp",
  "sysenterEip", "how",
] as const;
export type ContextName = typeof CONTEXT[number];

/** The kernel's address of a word of the context. */
export function contextAt(name: ContextName): number {
  return CONTEXT_AT + 4 * CONTEXT.indexOf(name);
}

/** How the kernel gets into a case. */
export const INTO_SAME_RING = 0, INTO_OUTER_RING = 1, INTO_VM86 = 2,
  INTO_REAL_MODE = 3;

/** What the kernel notes at a trap, by name. */
export const EVENT = [
  "vector", "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
  "frame0", "frame1", "frame2", "eflags",
  "es", "ss", "ds", "fs", "gs", "ldtr", "tr",
  "cr0", "cr2", "cr3", "cr4", "dr0", "dr1", "dr2", "dr3", "dr6", "dr7",
  "gdtr0", "gdtr1", "idtr0", "idtr1",
] as const;
export type EventName = typeof EVENT[number];
export const EVENT_BYTES = 4 * EVENT.length;

/** The vector of an event that says: the CPU shut down. */
export const SHUTDOWN_VECTOR = 0x100;
/** What a record begins with; and the log. */
export const RECORD_MAGIC = 0x65736143, LOG_MAGIC = 0x676f4c30,
  END_MAGIC = 0x21646e45;

/** Ports on which the kernel says that a case begins and that it has
 * ended, and the one that the log goes to. */
export const BEGIN_PORT = 0xec, END_PORT = 0xed, LOG_PORT = 0xe9;
/** The kernel's entries in the ROM: 8 bytes for each of so many vectors,
 * for protected and for real mode, and one for the task of double faults. */
export const VECTORS = 64, STUBS = 0x1000, REAL_STUBS = 0x1400,
  DOUBLE_FAULT_ENTRY = ROM + 0x1600;
