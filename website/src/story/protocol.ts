// What the page and the story's machine say to each other, and what both
// know of it.
import type { Shape } from "../../../src/debug/picture";

/** All that a story may have: instructions, and bytes of memory. */
export const BUDGET = 100, MEMORY = 256 << 10;

/** What can be switched: G in the Host's entry, PGE in cr4. */
export interface Switches {
  readonly global: boolean;
  readonly pge: boolean;
}

/** What one may press: labels of the program. */
export type Press = "look" | "load";

/** What a page is told of its story. */
export interface Scene {
  readonly shapes: readonly Shape[];
  readonly sentence: string;
  /** Whether what is remembered or read isn't what the tables say. */
  readonly wrong: boolean;
  /** The word that was read last, or none. */
  readonly read: string;
  /** Instructions so far, and the lines of the program that ran last. */
  readonly count: number;
  readonly ran: readonly number[];
}

export const program = `boot:
    or  %edi, 0x20c0        # G in the Host's entry, or not
    mov $0x1000, %eax
    mov %eax, %cr3          # the Host's page tables
    mov %cr0, %eax
    or  $0x80000000, %eax
    mov %eax, %cr0          # paging on
    mov %esi, %cr4          # PGE, or not
look:
    mov 0x30000, %ebx       # what is there?
load:
    mov %cr3, %eax
    xor $0x2000, %eax
    mov %eax, %cr3          # the other page tables
    xor %ebx, %ebx          # and nothing read yet
`;

/** A story from its beginning, or one press more. */
export type Request =
  | { readonly kind: "begin"; readonly switches: Switches;
      readonly presses: readonly Press[] }
  | { readonly kind: "press"; readonly press: Press };

/** The bug: the Host looks, cr3 is loaded, the Guest looks. */
export const bug: { readonly switches: Switches;
  readonly presses: readonly Press[] } = {
  switches: { global: true, pge: true },
  presses: ["look", "load", "look"],
};
