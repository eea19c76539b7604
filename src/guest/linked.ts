// Woven from chapters/682-links.md.
// Our Guests, linked at other addresses.
import { assemble } from "../assembler";
import type { Assembled } from "../assembler";
import { bootStack, guestFile } from "./first";

/** Where a kernel is linked, its text and all that follows, and where the
 * stack ends on which it boots: virtual addresses. */
export interface Link {
  readonly text: number;
  readonly stack: number;
}

/** Assembles a Guest's text to be linked there. RangeError if the two
 * addresses can't be had. */
export function assembleLinked(
  text: string, { text: at, stack }: Link,
): Assembled {
  const good = at % 4096 === 0 && stack % 16 === 0 &&
    stack > 0xc0002000 && stack <= at && at <= 0xf0000000;
  if (!good) {
    throw new RangeError("a Guest is linked at a page between 0xC0002000 " +
      "and 0xF0000000, with a stack that ends at or below its text, at a " +
      "multiple of 16");
  }
  return assemble(`.equ stack_top, ${stack}\n` +
    text.replace(bootStack, ""), { origin: at, name: "the Guest" });
}

/** The same as an ELF file. */
export function linkedGuest(text: string, link: Link): Uint8Array {
  return guestFile(assembleLinked(text, link));
}
