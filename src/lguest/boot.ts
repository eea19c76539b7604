// Woven from chapters/803-sessions.md.
// A Host with lguest in it, and Guests.
import { attachKernel, bootKernel, kernelImage } from "../host";
import type { Host, HostImage } from "../host";
import { panic } from "../machine";
import type { Machine } from "../machine";
import type { GuestFiles, HostOptions } from "./dev";
import { GUESTS_MAX } from "./map";
import { lguestModule } from "./module";

/** Loads the Host and its Guests as a multiboot loader does; run() boots. */
export function bootHost(machine: Machine, options: HostOptions): Host {
  const { guests, pge = "all-cpus", abi, hostPolicy, hostLoad } = options;
  if (guests.length > GUESTS_MAX)
    panic(`${guests.length} Guests are more than the Host has room for`);
  const files = guests.flatMap((guest) => [
    { bytes: guest.image,
      note: `guest memory=${guest.memory}${cpuWord(guest)} -- ` +
        guest.commandLine },
    ...guest.initrd ? [{ bytes: guest.initrd, note: "initrd" }] : [],
  ]);
  const words = [`pge=${pge}`, ...abi === "strict" ? ["strict"] : [],
    ...hostPolicy ? [`policy=${hostPolicy}`] : []];
  const module = lguestModule(options);
  return bootKernel(machine,
    { ...options, load: hostLoad, module, files, words });
}

const cpuWord = ({ cpu }: GuestFiles) =>
  cpu === undefined ? "" : ` cpu=${cpu}`;

/** Registers the host calls alone: for a machine restored from a snapshot
 * that was booted with the same options. */
export function attachHost(machine: Machine, options: HostOptions): Host {
  return attachKernel(machine, lguestModule(options));
}

/** The Host's image with lguest; bad assembly throws AssemblerError. */
export function buildHost(options: { switcher?: string } = {}): HostImage {
  return kernelImage(lguestModule(options));
}
