// A bzImage: the header that boot loaders read, and code behind it.

/** A bzImage with this code as its second part; addresses and sizes are
 * in bytes. */
export function bzImageOf(
  code: Uint8Array,
  { version, highest, preferred = 0x100000, high = 0, room = 0x100000 }: {
    readonly version: number;
    /** The last address that an initrd may have. */
    readonly highest: number;
    /** Where it would like to run: 32 bits, and those above. */
    readonly preferred?: number;
    readonly high?: number;
    /** How much it takes there. */
    readonly room?: number;
  },
): Uint8Array {
  const file = new Uint8Array(1024 + code.length);
  const view = new DataView(file.buffer);
  file[0x1f1] = 1;
  view.setUint16(0x1fe, 0xaa55, true);
  file[0x201] = 0x66;
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, version, true);
  file[0x211] = 1;
  view.setUint32(0x214, 0x100000, true);
  view.setUint32(0x22c, highest, true);
  view.setUint32(0x238, 100, true);
  view.setUint32(0x258, preferred, true);
  view.setUint32(0x25c, high, true);
  view.setUint32(0x260, room, true);
  file.set(code, 1024);
  return file;
}
