// Woven from chapters/61-traps.md.
// Assembles the Host's image.
import { assemble } from "../assembler";
import { panic } from "../machine";
import { hostCallNames } from "./calls";
import { kernelText } from "./kernel";
import { layoutEquates } from "./layout";
import { lgCpuLayout, lguestLayout } from "./lguest";
import { lguestPagesLayout, regsLayout } from "./lguestpages";
import { most, place, selector, vector } from "./map";
import { cpuLayout, hostLayout, trapFrame } from "./structures";
import { trapStubs } from "./stubs";
import { debugText, switcherText } from "./switcher";
import { threadLayout } from "./threads";

/** The Host as bytes, and where they go. */
export interface HostImage {
  bytes: Uint8Array;
  /** Physical address of the first byte. */
  origin: number;
  /** Physical address of the first instruction. */
  entry: number;
  /** The Host's labels and the Switcher's, virtual addresses. */
  symbols: Map<string, number>;
}

/** The constants that both the Host's and the Switcher's text use. */
export function hostEquates(): string {
  const numbers = { ...place, ...most, ...selector, ...vector };
  let text = '# 1 "equates"\n';
  for (const [name, value] of Object.entries(numbers))
    text += `.equ ${name}, 0x${value.toString(16)}\n`;
  for (const layout of [hostLayout, cpuLayout, trapFrame, threadLayout,
    lguestLayout, lgCpuLayout, lguestPagesLayout, regsLayout])
    text += layoutEquates(layout);
  hostCallNames().forEach((name, i) => {
    text += `.equ HC_${name}, ${i + 1}\n`;
  });
  return text;
}

/** The Switcher's complete text: yours or ours, and the stubs. */
export function completeSwitcherText(switcher = switcherText): string {
  return hostEquates() + `# 1 "switcher"\n${switcher}\n${debugText}` +
    trapStubs("guest_trap", (n) => n === 1 ? "guest_debug"
      : n === 2 ? "handle_nmi"
      : n < 32 || n === 128 ? "return_to_host" : "deliver_to_host");
}

/** The Host's complete text around an assembled Switcher. */
export function completeKernelText(
  switcher: Uint8Array, symbols: ReadonlyMap<string, number>,
): string {
  const long = (labels: string[]) => labels.map((l) => `.long ${l}\n`).join("");
  const all = Array.from({ length: 256 }, (_, n) => n);
  const rows = Math.ceil(switcher.length / 16);
  const bytes = Array.from({ length: rows }, (_, i) => ".byte " +
    switcher.subarray(16 * i, 16 * i + 16).join(", ") + "\n").join("");
  const enter = symbols.get("switch_to_guest") ??
    panic("the Switcher has no label switch_to_guest");
  const guestStub = (n: number) => String(symbols.get(`guest_trap_${n}`)!);
  return hostEquates() + `.equ switch_to_guest, ${enter}\n` + kernelText +
    trapStubs("trap", () => "trap_common") +
    `.balign 4, 0xcc\nhost_stubs:\n${long(all.map((n) => `trap_${n}`))}` +
    `guest_stubs:\n${long(all.map(guestStub))}` +
    `text_end:\n.balign 0x8000, 0xcc\n.fill 0x2000, 1, 0\n` +
    `${bytes}.balign 4096, 0xcc\n.fill END - GUESTS, 1, 0\n`;
}

/** Assembles Switcher and Host; bad assembly throws AssemblerError. */
export function buildHost(options: { switcher?: string } = {}): HostImage {
  const text = options.switcher ?? switcherText;
  const image = built.get(text) ?? assembleHost(text);
  built.set(text, image);
  return image;
}

/** The same text gives the same bytes, so we keep them. */
const built = new Map<string, HostImage>();

function assembleHost(text: string): HostImage {
  const switcher = assemble(completeSwitcherText(text),
    { origin: place.SWITCHER, name: "switcher" });
  if (switcher.bytes.length > 4096)
    panic(`the Switcher takes ${switcher.bytes.length} bytes, ` +
      "and its page has 4096");
  const kernel = assemble(
    completeKernelText(switcher.bytes, switcher.symbols),
    { origin: place.TEXT, name: "host" });
  const symbols = new Map([...switcher.symbols, ...kernel.symbols]);
  return {
    bytes: kernel.bytes, origin: place.IMAGE,
    entry: symbols.get("start")! - place.KERNEL, symbols,
  };
}
