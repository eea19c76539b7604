// Woven from chapters/704-registers.md.
// Word indices into a CPU's area of the block (`cpu.w`).
/** The general registers, as machine code numbers them; and EIP. */
export const EAX = 0, ECX = 1, EDX = 2, EBX = 3, ESP = 4, EBP = 5, ESI = 6,
  EDI = 7, EIP = 8;

/** The status flags, unevaluated: see the chapter. */
export const FLAG_RESULT = 9, FLAG_OPERAND = 10, FLAG_CARRY = 11,
  FLAG_KIND = 12;
/** All other bits of EFLAGS: TF IF DF IOPL NT RF VM AC VIF VIP ID. */
export const SYSTEM_FLAGS = 13;
/** The current privilege level: our ring. */
export const CPL = 14;
/** SHADOW_… for the one instruction behind STI or a load of SS. */
export const INHIBIT = 15;
/** What the CPU is doing: RUNNING, HALTED, WAITING (for a SIPI), SHUTDOWN. */
export const ACTIVITY = 16;
/** Why the next step has to look up: bits ATTEND_… */
export const ATTENTION = 17;
/** Indices into `cpu.d`, the same area read as 64-bit floats. */
export const RETIRED = 9, CLOCK = 10;
/** RETIRED as it will be behind the last iteration of a REP; see
 * `repeating`. */
export const REPEATING = 11;

/** Values of INHIBIT: interrupts wait; or they and debug exceptions do. */
export const SHADOW_STI = 1, SHADOW_SS = 2;
/** Values of ACTIVITY, and bits of ATTENTION. */
export const RUNNING = 0, HALTED = 1, WAITING = 2, SHUTDOWN = 3;
export const ATTEND_INTERRUPT = 1, ATTEND_NMI = 2,
  ATTEND_NMI_BLOCKED = 4, ATTEND_INTR = 8;

/** Numbers of the segment registers; LDTR and TR have hidden parts too. */
export const ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5, LDTR = 6, TR = 7;
/** Segment s has four words from SEGMENTS + 4 * s. */
export const SEGMENTS = 24;
/** Which of the four is what. */
export const SELECTOR = 0, BASE = 1, LIMIT = 2, ATTRIBUTES = 3;
/** What is asked most. */
export const CS_BASE = SEGMENTS + 4 * CS + BASE,
  CS_LIMIT = SEGMENTS + 4 * CS + LIMIT;

/** Bits of ATTRIBUTES: the descriptor's access byte, and bits 12 to 15. */
export const SEG_ACCESSED = 1, SEG_WRITABLE = 2, SEG_READABLE = 2,
  SEG_EXPAND_DOWN = 4, SEG_CONFORMING = 4, SEG_CODE = 8, SEG_S = 0x10,
  SEG_DPL = 0x60, SEG_P = 0x80, SEG_AVL = 0x1000, SEG_BIG = 0x4000,
  SEG_G = 0x8000;

/** Types of descriptors that are no segments (SDM 3A, table 3-2), of 16
 * bits; TYPE_WIDE makes 32 of it, TYPE_BUSY a TSS in use. */
export const TYPE_TSS = 1, TYPE_LDT = 2, TYPE_CALL_GATE = 4,
  TYPE_TASK_GATE = 5, TYPE_INTERRUPT_GATE = 6, TYPE_TRAP_GATE = 7;
export const TYPE_BUSY = 2, TYPE_WIDE = 8;
/** A TSS of 32 bits: its least limit, and where it says where in it the
 * bitmap of ports begins. */
export const TSS_LIMIT = 103, TSS_PORT_MAP = 102;
/** Attributes of all segments in real and in virtual 8086 mode. */
export const REAL_RIGHTS = SEG_P | SEG_S | SEG_WRITABLE | SEG_ACCESSED,
  VIRTUAL_RIGHTS = REAL_RIGHTS | SEG_DPL;
/** Attributes of segments that reach everywhere, in ring 0. */
export const FLAT_DATA = REAL_RIGHTS | SEG_BIG | SEG_G,
  FLAT_CODE = FLAT_DATA | SEG_CODE;
/** Parts of a selector: the ring that asks, and whether it means the LDT. */
export const RPL = 3, TI = 4;

/** The registers of the system. */
export const GDTR_BASE = 56, GDTR_LIMIT = 57, IDTR_BASE = 58,
  IDTR_LIMIT = 59;
export const CR0 = 60, CR2 = 61, CR3 = 62, CR4 = 63;
/** DR0 to DR7. */
export const DR = 64;
export const MSR_SYSENTER_CS = 72, MSR_SYSENTER_ESP = 73,
  MSR_SYSENTER_EIP = 74, MSR_APIC_BASE = 75;
/** Index into `cpu.d`: added to the clock by RDTSC. */
export const TSC_OFFSET = 38;
/** Bits that DR6 will have when the pending debug trap is delivered. */
export const DEBUG_PENDING = 78;
/** EIP of the REP whose iteration REPEATING tells of. */
export const REPEATING_AT = 79;
/** The local APIC's registers, 64 words. */
export const APIC = 80;
/** What the performance counters count, two words; and, indices into
 * `cpu.d`, what is added to it. */
export const COUNTER_SELECT = 144, COUNTER_OFFSET = 73;
/** A word that is always 0, for whoever has to name one and has none. */
export const ZERO = 150;
/** The TLBs begin here: data, then code. */
export const TLBS = 160;

/** Bits of EFLAGS (SDM 1, 3.4.3). */
export const CF = 1, PF_FLAG = 4, AF = 0x10, ZF = 0x40, SF = 0x80,
  TF = 0x100, IF = 0x200, DF_FLAG = 0x400, OF = 0x800, IOPL = 0x3000,
  NT = 0x4000, RF = 0x10000, VM = 0x20000, AC = 0x40000, VIF = 0x80000,
  VIP = 0x100000, ID = 0x200000;
/** The bit that is always set, and both halves of the others. */
export const EFLAGS_ONE = 2;
export const STATUS_FLAGS = 0x8d5, SYSTEM_FLAG_BITS = 0x3f7700;

/** Bits of CR0 and CR4 (SDM 3A, 2.5). */
export const CR0_PE = 1, CR0_MP = 2, CR0_EM = 4, CR0_TS = 8, CR0_ET = 0x10,
  CR0_NE = 0x20, CR0_WP = 0x10000, CR0_AM = 0x40000, CR0_NW = 0x20000000,
  CR0_CD = 0x40000000, CR0_PG = 0x80000000 | 0;
export const CR4_VME = 1, CR4_PVI = 2, CR4_TSD = 4, CR4_DE = 8,
  CR4_PSE = 0x10, CR4_MCE = 0x40, CR4_PGE = 0x80, CR4_PCE = 0x100;
