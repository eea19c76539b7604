// Woven from chapters/927-virtio-devices.md.
// virtio-console (5.3): two queues of bytes.
import * as v from "valibot";
import type { DevLguest } from "../lguest";
import type { ConsoleSink } from "./launcher";
import { whole } from "./readback";
import type { LauncherState } from "./registers";
import type { Kind, Transport } from "./transport";
import { BrokenRing } from "./virtqueue";

/** How large a terminal is. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The same, for schemas of what is read back. */
export const terminalShape = v.strictObject({ columns: whole(1, 0xffff),
  rows: whole(1, 0xffff) });

const INPUT = 0, OUTPUT = 1;
/** Features: its size can be read, and it has an emergency exit. */
const SIZE = 1, EMERGENCY = 4;
const EMERGENCY_WRITE = 8;

/** A console; `size` can be left out if nobody knows. */
export function consoleKind(
  state: LauncherState, print: ConsoleSink, size?: TerminalSize,
): Kind {
  const config = new Uint8Array(12), view = new DataView(config.buffer);
  view.setUint16(0, size?.columns ?? 0, true);
  view.setUint16(2, size?.rows ?? 0, true);
  view.setUint32(4, 1, true);
  return {
    name: "console", id: 3, classCode: 0x0700, queues: 2,
    features: EMERGENCY | (size ? SIZE : 0), config,
    writeConfig(dev, at, _, value) {
      if (at === EMERGENCY_WRITE) print(Uint8Array.of(value), dev.guest);
      return at === EMERGENCY_WRITE;
    },
    notified(dev, device, queue) {
      if (queue === INPUT) takeTyped(dev, device, state);
      else device.serve(dev, OUTPUT, () => true, (chain) => {
        if (chain.writeSize)
          throw new BrokenRing("its output has something to write to");
        if (chain.readSize) print(chain.read(), dev.guest);
        return 0;
      });
    },
    attend: (dev, device) => takeTyped(dev, device, state),
  };
}

/** What has been typed goes to the Guest, as far as it has buffers. */
function takeTyped(
  dev: DevLguest, device: Transport, { typed }: LauncherState,
): void {
  device.serve(dev, INPUT, () => typed.count > 0, (chain) => {
    if (chain.readSize)
      throw new BrokenRing("its input has something to read");
    const n = Math.min(typed.count, chain.writeSize);
    chain.write(typed.take(n));
    return n;
  });
}
