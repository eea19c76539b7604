// Woven from chapters/772-windows.md, 762-lines.md.
/** What a frame between 0xC0000 and 1 MiB can be besides plain RAM: reads
 * don't go to the RAM, writes don't. */
export const NOT_READ = 1, NOT_WRITTEN = 2;

/** Where those frames begin, and how much of a ROM's end they show. */
export const WINDOWS = 0xc0000, ROM_BELOW_1M = 0x20000;

/** What the machine asks when a CPU takes the interrupt from its wire. */
export interface InterruptController {
  /** The vector; who is asked without a reason gives a spurious one. */
  acknowledge(): number;
}
