// Woven from chapters/925-virtio.md.
// What a Guest has on its PCI bus, at ports and in memory.
import type { DevLguest } from "../lguest";
import { BRIDGE, readConfig, writeConfig } from "./pci";
import type { LauncherState } from "./registers";
import { MMIO_BYTES, Transport } from "./transport";
import type { Kind } from "./transport";
import { merge, valueAt } from "./values";

/** Pages behind Guest memory that are nobody's. */
export const DEVICE_PAGES = 256;
const ADDRESS = 0xcf8, DATA = 0xcfc, ENABLE = 0x80000000;
/** What of an address is neither a device's number nor a register's, and
 * has to be 0: another bus, another function. */
const ELSEWHERE = 0x7fff0700;

/** The devices of a Guest, in slots from 1 on. */
export class Bus {
  readonly devices: readonly Transport[];

  constructor(
    private readonly state: LauncherState, kinds: readonly Kind[],
  ) {
    this.devices = kinds.map((kind, i) =>
      new Transport(state, i + 1, kind));
  }

  /** The machine is switched on: the number of pages that are devices. */
  begin(memory: number): number {
    this.devices.forEach((device, i) =>
      device.begin(memory + DEVICE_PAGES * 4096 + i * MMIO_BYTES));
    return DEVICE_PAGES + this.devices.length;
  }

  /** What a port says; undefined if it isn't the bus's. */
  readPort(dev: DevLguest, port: number, size: number): number | undefined {
    if (port < ADDRESS || port + size > DATA + 4) return undefined;
    const { address } = this.state.bus;
    if (port < DATA) return address >>> 8 * (port - ADDRESS);
    const at = (address & 0xfc) + port - DATA, slot = this.selected();
    if (slot === 0) return valueAt(BRIDGE, at, size);
    const device = this.devices[slot - 1];
    return device ? readConfig(dev, device, at, size) : -1;
  }

  /** The slot that the address selects, or -1. */
  private selected(): number {
    const { address } = this.state.bus;
    if (!(address & ENABLE) || address & ELSEWHERE) return -1;
    return address >>> 11 & 31;
  }

  /** Writes to a port; false if that is forbidden. */
  writePort(
    dev: DevLguest, port: number, size: number, value: number,
  ): boolean {
    if (port < ADDRESS || port + size > DATA + 4) return true;
    const { bus } = this.state;
    if (port >= DATA) {
      const device = this.devices[this.selected() - 1];
      const at = (bus.address & 0xfc) + port - DATA;
      return !device || writeConfig(dev, device, at, size, value);
    }
    bus.address = merge(bus.address, port - ADDRESS, size, value);
    return true;
  }

  /** The register that is at a Guest-physical address, if any. */
  at(
    dev: DevLguest, address: number,
  ): { device: Transport; offset: number } | undefined {
    const from = address - dev.memory - DEVICE_PAGES * 4096;
    const device = this.devices[Math.floor(from / MMIO_BYTES)];
    return device && { device, offset: from % MMIO_BYTES };
  }

  /** Looks for news. */
  attend(dev: DevLguest): void {
    for (const device of this.devices) device.attend(dev);
  }
}
