// Woven from chapters/927-virtio-devices.md.
// virtio-rng (5.4): one queue, and what is put in comes back filled.
import type { Kind, Transport } from "./transport";
import { BrokenRing } from "./virtqueue";

/** A source of random numbers that is the same each time. */
export const rngKind: Kind = {
  name: "rng", id: 4, classCode: 0xff00, queues: 1, features: 0,
  config: new Uint8Array(0),
  notified(dev, device) {
    device.serve(dev, 0, () => true, (chain) => {
      if (chain.readSize)
        throw new BrokenRing("there is something to read in it");
      const n = Math.min(chain.writeSize, MOST);
      chain.write(Uint8Array.from({ length: n }, () => next(device)));
      return n;
    });
  },
};

const MOST = 4096;

/** xorshift32 (Marsaglia 2003); its state is in the block. */
function next({ r }: Transport): number {
  let x = r.random || 0x2545f491;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  r.random = x;
  return x >>> 24;
}
