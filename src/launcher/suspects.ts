// Woven from chapters/690-hunt.md.
// The kernels with which the bug of CPU 1 was reported.
import { firstGuest, firstGuestText, linkedGuest } from "../guest";
import { MiB } from "./kernel";
import { boot } from "./session";
import type { BootOptions, Session } from "./session";

const suspects = {
  A: { image: firstGuest, hostPages: "4m" },
  B: { image: () => linkedGuest(firstGuestText,
    { text: 0xc0130000, stack: 0xc0110100 }), hostPages: "4k" },
  C: { image: () => linkedGuest(firstGuestText,
    { text: 0xc0400000, stack: 0xc0119000 }), hostPages: "4m" },
} as const;

/** One of them on two CPUs, under lguest as it was published. */
export function suspectOptions(
  name: keyof typeof suspects, more: Partial<BootOptions> = {},
): BootOptions {
  const { image, hostPages } = suspects[name];
  return { cpus: 2, pge: "this-cpu", hostPages,
    schedule: { kind: "random", quantum: 2000 },
    guests: [{ name, image: image(), commandLine: "", memory: 8 * MiB }],
    ...more };
}

/** Boots it. */
export function suspect(
  name: keyof typeof suspects, more: Partial<BootOptions> = {},
): Session {
  return boot(suspectOptions(name, more));
}
