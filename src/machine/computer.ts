// Woven from chapters/922-keyboard.md.
import type { Machine } from "./machine";
import { addFirmwareConfig } from "./pc/fwcfg";
import { Keyboard } from "./pc/keyboard";
import { Pci } from "./pc/pci";
import { Pics } from "./pc/pic";
import { Pit } from "./pc/pit";
import { clear, nameWords } from "./pc/registers";
import type { Registers } from "./pc/registers";
import { Rtc } from "./pc/rtc";
import { Uart } from "./pc/uart";

/** What a PC is connected to; all of it may be left out. */
export interface PcOptions {
  /** Seconds since 1970 at machine time 0; default is 2007-10-09. */
  readonly date?: number;
  /** Takes what is sent on COM1. */
  readonly serial?: (byte: number) => void;
  /** Takes what is written to the debug console. */
  readonly debug?: (byte: number) => void;
  /** A port for progress codes, and who takes them. */
  readonly postPort?: number;
  readonly post?: (code: number) => void;
}

/** What a PC has asked for. */
export type PcRequest =
  | { readonly kind: "reset" }
  | { readonly kind: "exit"; readonly status: number };

const DEFAULT_DATE = 1_191_961_898;
/** What `request` can be, but for 0. */
const RESET = 1, EXIT = 2;

/** The devices of a PC, plugged into a machine. */
export class Pc {
  readonly pics: Pics;
  readonly pit: Pit;
  readonly serial: Uart;
  readonly clock: Rtc;
  readonly keyboard: Keyboard;
  readonly pci: Pci;
  private readonly r: Registers<"request" | "status">;
  private readonly config: ReturnType<typeof addFirmwareConfig>;

  constructor(readonly machine: Machine, options: PcOptions = {}) {
    const { serial = () => {}, debug = () => {} } = options;
    const reset = () => this.request(RESET, 0);
    this.r = nameWords(machine.allocateState("PC", 2), ["request", "status"]);
    this.pics = new Pics(machine, machine.cpus[0]!);
    this.pit = new Pit(machine, this.pics);
    this.serial = new Uart(machine, this.pics, serial);
    this.clock = new Rtc(machine, this.pics, options.date ?? DEFAULT_DATE);
    this.keyboard = new Keyboard(machine, this.pics, reset);
    this.pci = new Pci(machine, reset);
    this.config = addFirmwareConfig(machine);
    for (const from of [0xe9, 0x402]) {
      machine.addDevice({
        name: "debug console", bytewide: true, ports: { from, length: 1 },
        readPort: () => 0xe9,
        writePort: (_, __, byte) => debug(byte),
      });
    }
    machine.addDevice({
      name: "exit", ports: { from: 0xf4, length: 4 },
      readPort: () => 0,
      writePort: (_, __, value) => this.request(EXIT, value),
    });
    machine.addDevice({
      name: "port 0x92", bytewide: true, ports: { from: 0x92, length: 1 },
      readPort: () => machine.a20 ? 2 : 0,
      writePort: (_, __, value) => {
        machine.a20 = (value & 2) !== 0;
        if (value & 1) reset();
      },
    });
    const { post, postPort } = options;
    if (post && postPort !== undefined) {
      machine.addDevice({
        name: "POST", bytewide: true, ports: { from: postPort, length: 1 },
        writePort: (_, __, code) => post(code),
      });
    }
    this.initialize();
  }

  private request(what: number, value: number): void {
    this.r.request = what;
    this.r.status = ((value << 1) | 1) & 0xff;
    this.machine.requestStop();
  }

  /** Takes what the PC has asked for, if it has. */
  takeRequest(): PcRequest | undefined {
    const { request, status } = this.r;
    this.r.request = 0;
    if (request === RESET) return { kind: "reset" };
    return request === EXIT ? { kind: "exit", status } : undefined;
  }

  /** RESET: devices as power-on leaves them, CPU 0 at the reset vector. */
  reset(): void {
    const { machine } = this;
    for (const device of [this.pics, this.pit, this.serial, this.clock,
      this.keyboard, this.pci]) device.reset();
    clear(this.config);
    machine.a20 = true;
    for (const cpu of machine.cpus) cpu.initialize("RESET");
  }

  /** The same with a BIOS that has been there, and gone: CPU 0 as a loader
   * leaves it. */
  initialize(): void {
    this.reset();
    for (const device of [this.pit, this.pics, this.keyboard, this.pci]) {
      device.initialize();
    }
    this.machine.resetCpu(this.machine.cpus[0]!);
  }
}
