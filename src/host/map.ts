// Woven from chapters/400-kernel.md.
// Where things are in the Host: addresses, selectors, vectors. Each
// name is a constant in TypeScript and an .equ in the Host's assembly.

/** Addresses are virtual unless the name says otherwise. */
export const place = {
  /** All low memory is mapped from here on. */
  KERNEL: 0xc0000000,
  /** Physical address where the Host's image goes. */
  IMAGE: 0x100000,
  /** Physical address of the page where the other CPUs wake up. */
  TRAMPOLINE: 0x10000,
  TEXT: 0xc0100000,
  /** struct host: what all CPUs share. */
  HOST: 0xc0108000,
  /** The IDT, the same for all CPUs. */
  IDT: 0xc0109000,
  /** Data of the module that is built in: five pages. */
  MODULE: 0xc010a000,
  /** struct cpu of each CPU, a page each. */
  CPUS: 0xc010f000,
  /** The idle thread of each CPU, a page each. */
  IDLES: 0xc0117000,
  /** The image ends here. */
  END: 0xc011f000,
  /** The local APIC's registers, in both senses local. */
  LOCAL_APIC: 0xff800000,
  /** The last 4 MiB, the same in all address spaces: the module's. */
  WINDOW: 0xffc00000,
  /** A process's memory begins here. */
  MEM_BASE: 0x40000000,
} as const;

/** How many of each there can be. */
export const most = {
  CPUS_MAX: 8,
  /** Pages that are mapped from KERNEL on: 896 MiB, as in Linux. */
  PAGES_MAX: 0x38000,
  /** Files that the loader can note. */
  FILES_MAX: 120,
} as const;

/** Selectors, with Linux's numbers. */
export const selector = {
  KERNEL_CS: 0x60,
  KERNEL_DS: 0x68,
  USER_CS: 0x73,
  USER_DS: 0x7b,
  TASK: 0x80,
  PER_CPU: 0xd8,
  FAULT_TASK: 0xf8,
} as const;

/** Vectors of the Host's own interrupts. */
export const vector = {
  TIMER_VECTOR: 0xef,
  STOP_VECTOR: 0xf0,
  CALL_VECTOR: 0xf1,
  RESCHEDULE_VECTOR: 0xf2,
  MOVE_VECTOR: 0xf3,
  NEWS_VECTOR: 0xf4,
  SPURIOUS_VECTOR: 0xff,
} as const;
