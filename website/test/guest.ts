// A Guest that is watched, and where its page says how it is.
import type { Page } from "playwright-core";

export const ending = (page: Page) => page.locator("[data-status]").first();

/** How many instructions the machine says it has done. */
export async function counted(page: Page): Promise<number> {
  const text = await ending(page).textContent() ?? "";
  return Number(/after ([\d,]+)/.exec(text)?.[1]?.replaceAll(",", ""));
}

/** A Guest that never stops to print a word. */
export const chatty = (word: string) => `.equ BELOW, 0xC0000000
    movl $1, %eax
    movl $(data - BELOW), %ebx
    int $0x1f
more:
    movl $17, %eax
    movl $(words - BELOW), %ebx
    int $0x1f
    jmp more
words:
    .asciz "${word}\\n"
.balign 4
data:
    .fill 24, 1, 0
    .fill 64, 1, 0xFF
    .fill 64 * 20 + 12, 1, 0
    .long 0xC0000000, 0x80
`;
