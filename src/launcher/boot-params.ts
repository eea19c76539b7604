// Woven from chapters/300-loader.md.
/** Longest command line that a kernel looks at, in bytes. */
export const COMMAND_LINE_MAX = 2047;

const COMMAND_LINE = 0x1000;

/** Where a RAM disk of so many bytes goes: on pages at the end. */
export function initrdAddress(memory: number, size: number): number {
  return (memory - size) & ~0xfff;
}

/**
 * Makes boot_params (Linux' boot protocol, 2.07) with the command line
 * behind them: 8 KiB for Guest-physical address 0. The command line is
 * a string of bytes; the size is that of a RAM disk, or 0; the header is a
 * bzImage's.
 */
export function bootParams(
  memory: number, commandLine: string, initrdSize = 0,
  header: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const page = new Uint8Array(2 * 4096);
  const view = new DataView(page.buffer);
  page.set(header, 0x1f1);
  page[0x1e8] = 1;
  view.setUint16(0x206, 0x0207, true);
  page[0x211]! |= 0x40;
  if (initrdSize) {
    page[0x210] = 0xff;
    view.setUint32(0x218, initrdAddress(memory, initrdSize), true);
    view.setUint32(0x21c, initrdSize, true);
  }
  view.setUint32(0x228, COMMAND_LINE, true);
  view.setUint32(0x230, 0x1000000, true);
  view.setUint32(0x23c, 1, true);
  view.setUint32(0x2d8, memory, true);
  view.setUint32(0x2e0, 1, true);
  const length = Math.min(commandLine.length, COMMAND_LINE_MAX);
  for (let i = 0; i < length; i++) {
    page[COMMAND_LINE + i] = commandLine.charCodeAt(i);
  }
  return page;
}
