// A Guest's devices, touched in the order in which Linux 4.4 to 4.13 does
// it: arch/x86/lguest/boot.c, arch/x86/pci/direct.c, drivers/pci/probe.c,
// drivers/virtio/virtio_pci_modern.c, and the four drivers.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Devices, launcher, storageFor } from "../src/launcher";
import { Machine } from "../src/machine";
import { FakeLguest } from "./hostile/fake";

const MEMORY = 0x100000, REGISTERS = MEMORY + 256 * 4096;
const SECTORS = 16, DESC = 0x1000, AVAIL = 0x2000, USED = 0x3000,
  BUFFER = 0x4000;

/** Linux's hands: inb, outl, readw and so on, and pci_read_config. */
class Linux {
  printed = "";
  /** What was written to the disk's file. */
  readonly file: string[] = [];
  readonly dev: FakeLguest;
  readonly devices: Devices;
  private readonly step: () => void;

  constructor() {
    const guests = [{ rng: true, nets: ["a"], disks: [
      { size: SECTORS * 512, mode: "rw", id: "a disk", file: {
        write: (at: number, { length }: Uint8Array) => {
          this.file.push(`${length} at ${at}`);
        },
        sync: () => { this.file.push("sync"); } } } as const] }];
    const machine = new Machine({ memory: 2 << 20,
      storage: storageFor(guests) });
    const print = (bytes: Uint8Array) => {
      this.printed += String.fromCharCode(...bytes);
    };
    this.devices = new Devices(machine, guests, { print },
      { columns: 80, rows: 25 });
    const { step } = launcher(print, this.devices.buses);
    this.devices.buses[0]!.begin(MEMORY);
    const dev = this.dev = new FakeLguest(machine, 0, MEMORY);
    this.step = () => {
      step(dev);
      assert.is(dev.reason, "");
      assert.equal(dev.traps, []);
    };
  }

  in(port: number, size: number): number {
    this.dev.port(false, port, size);
    this.step();
    return size === 4 ? this.dev.eax : this.dev.eax & (1 << 8 * size) - 1;
  }
  out(port: number, size: number, value: number): void {
    this.dev.port(true, port, size, value);
    this.step();
  }
  read(address: number, size: number): number {
    this.dev.move(false, address, size);
    this.step();
    return size === 4 ? this.dev.eax : this.dev.eax & (1 << 8 * size) - 1;
  }
  write(address: number, size: number, value: number): void {
    this.dev.move(true, address, size, value);
    this.step();
  }
  /** Its devices look for news. */
  wait(): void {
    this.dev.trap(0, []);
    this.dev.result = -4;
    this.step();
  }

  /** pci_conf1_read and pci_conf1_write. */
  config(slot: number, at: number, size: number): number {
    this.out(0xcf8, 4, (0x80000000 | slot << 11 | at & 0xfc) >>> 0);
    return this.in(0xcfc + (at & 3), size);
  }
  setConfig(slot: number, at: number, size: number, value: number): void {
    this.out(0xcf8, 4, (0x80000000 | slot << 11 | at & 0xfc) >>> 0);
    this.out(0xcfc + (at & 3), size, value);
  }
}

test("the configuration ports are of the first type", () => {
  const pc = new Linux();
  pc.out(0xcfb, 1, 1);
  const old = pc.in(0xcf8, 4);
  pc.out(0xcf8, 4, 0x80000000);
  assert.is(pc.in(0xcf8, 4), 0x80000000);
  pc.out(0xcf8, 4, old);
  assert.is(pc.config(0, 0x0a, 2), 0x0600, "a host bridge");
});

test("the bus has what it has, and no functions but 0", () => {
  const pc = new Linux(), ids = [];
  for (let slot = 0; slot < 32; slot++) {
    const id = pc.config(slot, 0, 4);
    if (id === 0 || id === 0xffffffff) continue;
    ids.push(id >>> 0);
    assert.is(pc.config(slot, 0x0e, 1), 0, "one function, header type 0");
    assert.is(pc.config(slot, 0x3d, 1), 0, "no pin");
    assert.is(pc.config(slot, 0x3c, 1), slot, "and a line");
    assert.is(pc.config(slot, 0x08, 1), 1);
  }
  assert.equal(ids, [0x10431af4, 0x10421af4, 0x10441af4, 0x10411af4]);
  pc.out(0xcf8, 4, 0x80000900);
  assert.is(pc.in(0xcfc, 4), 0xffffffff, "function 1");
  pc.out(0xcf8, 4, 0x80010800);
  assert.is(pc.in(0xcfc, 4), 0xffffffff, "bus 1");
  pc.out(0xcf8, 4, 0x81000800);
  assert.is(pc.in(0xcfc, 4), 0xffffffff, "behind 256 bytes");
  assert.equal([1, 2, 3, 4].map((slot) => pc.config(slot, 0x0a, 2)),
    [0x0700, 0x0180, 0xff00, 0x0200]);
});

test("addresses are sized as pci_read_bases does it", () => {
  const pc = new Linux(), size = (at: number, mask: number) => {
    const old = pc.config(1, at, 4);
    pc.setConfig(1, at, 4, (old | mask) >>> 0);
    const found = pc.config(1, at, 4);
    pc.setConfig(1, at, 4, old);
    assert.is(pc.config(1, at, 4), old);
    return found;
  };
  assert.is(pc.config(1, 0x04, 2), 0);
  assert.is(pc.config(1, 0x10, 4), REGISTERS);
  assert.is(size(0x10, 0xffffffff), 0xfffff000, "32 bits, a page");
  for (let at = 0x14; at < 0x28; at += 4)
    assert.is(size(at, 0xffffffff), 0xffffffff, "none");
  assert.is(size(0x30, 0xfffff800), 0xfffff800, "a ROM, so it seems");
  pc.setConfig(1, 0x30, 4, 0x00200000);           // and gets a place
  pc.setConfig(1, 0x04, 2, 0x0006);               // pci_enable_device
  pc.setConfig(1, 0x0d, 1, 64);                   // pcibios_set_master
  assert.is(pc.config(1, 0x0d, 1), 64);
  assert.is(pc.config(1, 0x2e, 2), 0x40);
});

/** virtio_pci_find_capability, for all types. */
function capabilities(pc: Linux, slot: number): Map<number, number> {
  const found = new Map<number, number>();
  assert.ok(pc.config(slot, 0x06, 2) & 0x10, "there is a list");
  for (let at = pc.config(slot, 0x34, 1); at; at = pc.config(slot, at + 1, 1)) {
    assert.is(pc.config(slot, at, 2) & 0xff, 9);
    assert.is(pc.config(slot, at + 4, 1), 0, "in bar 0");
    found.set(pc.config(slot, at + 3, 1), at);
  }
  return found;
}

test("each driver finds its parts, and with the lengths that it wants", () => {
  const pc = new Linux();
  const part = (slot: number, at: number) =>
    [pc.config(slot, at + 8, 4), pc.config(slot, at + 12, 4)];
  for (const [slot, size] of [[1, 12], [2, 60], [3, 0], [4, 8]] as const) {
    const found = capabilities(pc, slot);
    assert.equal([...found], [[1, 0x40], [2, 0x50], [3, 0x64], [5, 0x84],
      ...size ? [[4, 0x74]] : []]);
    assert.equal(part(slot, 0x40), [0, 56]);
    assert.equal(part(slot, 0x50), [0x38, 2]);
    assert.is(pc.config(slot, 0x60, 4), 0, "one register to notify them all");
    assert.is(part(slot, 0x64)[0], 0x3a);
    if (size) assert.equal(part(slot, 0x74), [0x3c, size]);
  }
});

test("the early console writes by the window", () => {
  const pc = new Linux();
  assert.is(pc.config(1, 0, 4), 0x10431af4);
  const access = capabilities(pc, 1).get(5)!, device = 0x3c;
  for (const letter of "hi\n") {
    pc.setConfig(1, access + 4, 1, 0);
    pc.setConfig(1, access + 12, 4, 4);
    pc.setConfig(1, access + 8, 4, device + 8);
    pc.setConfig(1, access + 16, 4, letter.charCodeAt(0));
  }
  assert.is(pc.printed, "hi\n");
});

/** A virtio driver with one ring of its device at a time. */
class Driver {
  private readonly view: DataView;
  private index = 0;
  private seen = 0;

  constructor(
    readonly pc: Linux, private readonly slot: number,
    wanted: number, private readonly queues: number,
  ) {
    this.view = new DataView(pc.dev.bytes.buffer);
    this.put(20, 1, 0);                           // vp_reset
    assert.is(this.get(20, 1), 0);
    this.addStatus(1);
    this.addStatus(2);
    this.put(0, 4, 0);                            // vp_get_features
    assert.is(this.get(4, 4), wanted);
    this.put(0, 4, 1);
    assert.is(this.get(4, 4), 1, "VERSION_1");
    this.put(8, 4, 0);                            // vp_finalize_features
    this.put(12, 4, wanted);
    this.put(8, 4, 1);
    this.put(12, 4, 1);
    this.addStatus(8);
    assert.ok(this.get(20, 1) & 8, "FEATURES_OK");
  }

  get(at: number, size: number): number {
    return this.pc.read(REGISTERS + 4096 * (this.slot - 1) + at, size);
  }
  put(at: number, size: number, value: number): void {
    this.pc.write(REGISTERS + 4096 * (this.slot - 1) + at, size, value);
  }
  private addStatus(bits: number): void {
    this.put(20, 1, this.get(20, 1) | bits);
  }

  /** setup_vq for all queues; and `queue` is the one that is used. */
  start(queue: number): this {
    for (let n = 0; n < this.queues; n++) {
      assert.ok(n < this.get(18, 2));
      this.put(22, 2, n);
      const size = this.get(24, 2), place = n === queue ? 0 : 0x40000;
      assert.is(size, 256);
      assert.is(this.get(28, 2), 0, "not yet enabled");
      assert.is(this.get(30, 2), 0);
      this.put(24, 2, size);
      for (const [at, address] of [[32, DESC], [40, AVAIL], [48, USED]]) {
        this.put(at!, 4, address! + place);
        this.put(at! + 4, 4, 0);
      }
    }
    for (let n = 0; n < this.queues; n++) {       // vp_modern_find_vqs
      this.put(22, 2, n);
      this.put(28, 2, 1);
    }
    this.addStatus(4);
    return this;
  }

  /** A chain of parts that are read, and parts that are written. */
  add(reads: Uint8Array[], writes: number[]): void {
    const parts = reads.length + writes.length;
    let at = BUFFER;
    [...reads, ...writes].forEach((part, n) => {
      const length = typeof part === "number" ? part : part.length;
      if (typeof part !== "number") this.pc.dev.bytes.set(part, at);
      this.view.setUint32(DESC + 16 * n, at, true);
      this.view.setUint32(DESC + 16 * n + 8, length, true);
      this.view.setUint32(DESC + 16 * n + 12, (n + 1 < parts ? 1 : 0) |
        (n >= reads.length ? 2 : 0) | n + 1 << 16, true);
      at += length;
    });
    this.view.setUint16(AVAIL + 4 + 2 * (this.index & 255), 0, true);
    this.view.setUint16(AVAIL + 2, ++this.index, true);
  }
  kick(queue: number): void {
    this.put(0x38, 2, queue);
  }

  /** vp_interrupt, and what has been used: how many bytes were written. */
  interrupt(): number {
    const { dev } = this.pc;
    assert.is(dev.irqs, 1 << this.slot);
    dev.irqs = 0;
    assert.is(this.get(0x3a, 1), 1);
    assert.is(this.get(0x3a, 1), 0, "read is cleared");
    const used = USED + 4 + 8 * (this.seen & 255);
    assert.is(this.view.getUint16(USED + 2, true), ++this.seen);
    assert.is(this.view.getUint32(used, true), 0);
    return this.view.getUint32(used + 4, true);
  }
  bytes(from: number, length: number): Buffer {
    return Buffer.from(this.pc.dev.bytes.buffer, BUFFER + from, length);
  }
}

test("virtio_console: its size, what it prints, what is typed", () => {
  const out = new Driver(new Linux(), 1, 5, 2).start(1);
  assert.equal([out.get(0x3c, 2), out.get(0x3e, 2)], [80, 25]);
  out.add([Buffer.from("Linux version")], []);
  out.kick(1);
  assert.is(out.pc.printed, "Linux version");
  assert.is(out.interrupt(), 0);

  const input = new Driver(new Linux(), 1, 5, 2).start(0);
  input.add([], [4096]);
  input.kick(0);
  input.pc.devices.type(0, Buffer.from("ls\n"));
  input.pc.wait();
  assert.is(input.interrupt(), 3);
  assert.is(String(input.bytes(0, 3)), "ls\n");
});

test("virtio_blk: capacity, write, flush, read, serial number", () => {
  const disk = new Driver(new Linux(), 2, 0x204, 1).start(0);
  assert.equal([disk.get(0x3c, 4), disk.get(0x40, 4)], [SECTORS, 0]);
  assert.is(disk.get(0x48, 4), 254, "seg_max");
  const request = (type: number, sector: number) =>
    Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0, sector, 0, 0, 0, 0, 0, 0, 0);
  const ask = (reads: Uint8Array[], writes: number[]) => {
    disk.add(reads, writes);
    disk.kick(0);
    return disk.interrupt();
  };
  assert.is(ask([request(1, 3), Buffer.alloc(512, "x")], [1]), 1);
  assert.is(disk.bytes(528, 1)[0], 0);
  assert.is(ask([request(1, 15), Buffer.alloc(512)], [1]), 1);
  for (let n = 0; n < 2; n++) assert.is(ask([request(4, 0)], [1]), 1);
  assert.equal(disk.pc.file, ["4096 at 0", "4096 at 4096", "sync"]);
  assert.is(ask([request(0, 3)], [512, 1]), 513);
  assert.equal(disk.bytes(16, 512), Buffer.alloc(512, "x"));
  assert.is(ask([request(8, 0)], [20, 1]), 21);
  assert.is(String(disk.bytes(16, 6)), "a disk");
  assert.is(ask([request(0, SECTORS)], [512, 1]), 1);
  assert.is(disk.bytes(16 + 512, 1)[0], 1, "behind its end: an error");
});

test("virtio_rng and virtio_net", () => {
  const rng = new Driver(new Linux(), 3, 0, 1).start(0);
  rng.add([], [64]);
  rng.kick(0);
  assert.is(rng.interrupt(), 64);

  const net = new Driver(new Linux(), 4, 0x10020, 2).start(0);
  assert.equal([0, 1, 2, 3, 4, 5].map((n) => net.get(0x3c + n, 1)),
    [2, 0, 0, 0, 0, 0]);
  assert.is(net.get(0x42, 2), 1, "the cable is in");
  net.add([], [12, 1518]);
  net.kick(0);
  net.pc.devices.ports[0]!.put(new Uint8Array(60).fill(7));
  net.pc.wait();
  assert.is(net.interrupt(), 72);
  assert.is(net.bytes(10, 2).readUInt16LE(), 1, "one buffer");
  assert.equal(net.bytes(12, 60), Buffer.alloc(60, 7));

  const send = new Driver(new Linux(), 4, 0x10020, 2).start(1);
  send.add([new Uint8Array(12), new Uint8Array(60)], []);
  send.kick(1);
  assert.is(send.interrupt(), 0);
});

test("a device can be had again", () => {
  const pc = new Linux();
  new Driver(pc, 2, 0x204, 1).start(0);
  const again = new Driver(pc, 2, 0x204, 1);
  pc.dev.bytes.fill(0);
  again.start(0).add([Uint8Array.of(8, ...new Array(15).fill(0))], [20, 1]);
  again.kick(0);
  assert.is(again.interrupt(), 21);
});

test("when a Guest begins, its devices are new", () => {
  const pc = new Linux(), old = new Driver(pc, 1, 5, 2).start(0);
  pc.devices.buses[0]!.begin(MEMORY);
  assert.is(old.get(20, 1), 0);
  old.add([], [4096]);
  pc.devices.type(0, Buffer.from("ls\n"));
  pc.wait();
  assert.is(pc.dev.irqs, 0);
});

test("what may not be written is a general protection fault", () => {
  const pc = new Linux();
  for (const [at, size] of [[0, 4], [0x08, 4], [0x10, 2], [0x2c, 4], [0x34, 1],
    [0x3c, 1], [0x40, 4], [0x84, 4], [0x88, 4], [0x8c, 2], [0x94, 4],
    [0x98, 4], [0xfc, 4]] as const) {
    pc.out(0xcf8, 4, 0x80000800 | at & 0xfc);
    pc.dev.port(true, 0xcfc + (at & 3), size, 1);
    launcher(() => {}, pc.devices.buses).step(pc.dev);
    assert.equal(pc.dev.traps, [13], `${size} bytes at 0x${at.toString(16)}`);
  }
  assert.is(pc.dev.reason, "");
});

test.run();
