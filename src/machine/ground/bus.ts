// Woven from chapters/768-machine.md.
/** A range of ports or of physical addresses. */
export interface Range {
  readonly from: number;
  readonly length: number;
}

/** A device on the bus; its registers lie in the block. */
export interface Device {
  readonly name: string;
  readonly ports?: Range;
  readonly memory?: Range;
  /** Its ports are a byte wide: wider accesses come byte by byte. */
  readonly bytewide?: boolean;
  /** Offsets count from the range's start; sizes are 1, 2 or 4 bytes. */
  readPort?(offset: number, size: number): number;
  writePort?(offset: number, size: number, value: number): void;
  readMemory?(offset: number, size: number): number;
  writeMemory?(offset: number, size: number, value: number): void;
}

/** The device whose memory holds an address, if there is one. */
export function findDevice(
  devices: readonly Device[], address: number,
): Device | undefined {
  return devices.find(({ memory: r }) =>
    r !== undefined && address >= r.from && address < r.from + r.length);
}

/** The low bytes of a value, zero-extended below 4 bytes. */
export function narrow(value: number, size: number): number {
  return size === 4 ? value | 0 : value & ((1 << (8 * size)) - 1);
}
