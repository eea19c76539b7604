// Woven from chapters/60-kernel.md.
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
  /** The Switcher's text, as the Host's image brings it. */
  SWITCHER_IMAGE: 0xc010a000,
  /** struct lguest of each Guest, 512 bytes apart. */
  GUESTS: 0xc010b000,
  /** struct cpu of each CPU, a page each. */
  CPUS: 0xc010f000,
  /** The idle thread of each CPU, a page each. */
  IDLES: 0xc0117000,
  /** The image ends here. */
  END: 0xc011f000,
  /** The local APIC's registers, in both senses local. */
  LOCAL_APIC: 0xff800000,
  /** The last 4 MiB belong to the Switcher. */
  SWITCHER: 0xffc00000,
  /** Guest memory begins here in its Launcher's address space. */
  MEM_BASE: 0x40000000,
} as const;

/** How many of each there can be. */
export const most = {
  CPUS_MAX: 8,
  GUESTS_MAX: 32,
  /** Pages that fit between KERNEL and the local APIC: 896 MiB. */
  PAGES_MAX: 0x38000,
  GUEST_STRIDE: 512,
} as const;

/** Selectors, with Linux's numbers; both worlds use the same. */
export const selector = {
  LGUEST_CS: 0x50,
  LGUEST_DS: 0x58,
  KERNEL_CS: 0x60,
  KERNEL_DS: 0x68,
  USER_CS: 0x73,
  USER_DS: 0x7b,
  TASK: 0x80,
  PER_CPU: 0xd8,
} as const;

/** Vectors of the Host's own interrupts. */
export const vector = {
  TIMER_VECTOR: 0xef,
  STOP_VECTOR: 0xf0,
  PGE_VECTOR: 0xf1,
  RESCHEDULE_VECTOR: 0xf2,
  SPURIOUS_VECTOR: 0xff,
  /** The hypercall's, seen only in a Guest. */
  LGUEST_TRAP: 0x1f,
} as const;
