// Woven from chapters/810-guests.md.
// What is packed in a bzImage, as far as Node can unpack it.
import { gunzipSync } from "node:zlib";
import { isBzImage, viewOf } from "../launcher";

const MOST = 2 ** 27;

/** The kernel in a bzImage, if it is packed by gzip; or nothing. */
export function unpacked(file: Uint8Array): Uint8Array[] {
  if (!isBzImage(file) || file.length < 0x250) return [];
  const view = viewOf(file);
  if (view.getUint16(0x206, true) < 0x208) return [];
  const start = ((file[0x1f1] || 4) + 1) * 512 + view.getUint32(0x248, true);
  const end = start + view.getUint32(0x24c, true);
  try {
    return [gunzipSync(file.subarray(start, end), { maxOutputLength: MOST })];
  } catch {
    return [];
  }
}
