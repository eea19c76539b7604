// Hostile Guests by seed: machine code that does what it should not, with
// just enough sense to stay alive for a while.
import { Random } from "../silicon/random";

/** Pages of memory that each gets. */
export const PAGES = 128;

const MEMORY = PAGES * 4096;
const CODE = 0x1000, DATA = 0x4000, STACK = 0xb000, TLS = 0xc000;
const DIRECTORY = 0x5000, TABLE = 0x6000, TABLE_2 = 0x7000,
  DIRECTORY_2 = 0x8000;
const KERNEL = 0xc0000000, SWITCHER = 0xffc00000;

/** Parts of its memory, and where it begins. */
export interface HostileGuest {
  readonly seed: number;
  readonly entry: number;
  /** Instructions that it gets, if not the usual number. */
  readonly budget?: number;
  readonly parts: readonly { address: number; bytes: Uint8Array }[];
}

/** The vectors that a Guest may have gates for. */
const VECTORS = [0, 1, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 17, 32, 33, 128];

/** A Guest, and the dice that it is made with. */
class Author {
  readonly r: Random;
  /** Percent of arguments that make no sense at all. */
  wildness: number;
  readonly bytes: number[] = [];
  readonly places: number[] = [];
  readonly patches: number[] = [];

  constructor(seed: number) {
    this.r = new Random(seed);
    this.wildness = this.r.pick([0, 0, 1, 1, 3, 8, 30]);
  }

  get here(): number { return CODE + this.bytes.length; }
  wild(): boolean { return this.r.chance(this.wildness); }
  b(...bytes: number[]): void { this.bytes.push(...bytes); }
  d(word: number): void {
    this.b(word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24);
  }
  /** mov $value, %register */
  set(register: number, value: number): void {
    this.b(0xb8 + register);
    this.d(value);
  }
  /** movl $value, address */
  poke(address: number, value: number): void {
    this.b(0xc7, 0x05);
    this.d(address);
    this.d(value);
  }
  /** A hypercall: eax, ebx, ecx, edx, esi. */
  call(number: number, ...args: number[]): void {
    this.set(0, number);
    args.forEach((value, i) => this.set([3, 1, 2, 6][i]!, value));
    this.b(0xcd, 0x1f);
  }
  /** A jump or a call to some place of the program, known later. */
  toSomewhere(opcode: number): void {
    this.b(opcode);
    this.patches.push(this.bytes.length);
    this.d(0);
  }

  /** An address: one of ours, one at an edge, one of the Switcher's. */
  address(): number {
    const { r } = this, own = () => r.pick([CODE, DATA, DIRECTORY, TABLE,
      TABLE_2, STACK - 64, TLS, r.below(PAGES) * 4096]) + 4 * r.below(256);
    if (r.chance(70) && !this.wild()) return own() + (r.chance(20) ? KERNEL : 0);
    switch (r.below(9)) {
      case 0: return SWITCHER + r.below(4096);
      case 1: return SWITCHER + 0x1fb8 + 4 * r.below(18);
      case 2: return SWITCHER + 0x2000 + r.below(2600);
      case 3: return SWITCHER + r.below(0x400000);
      case 4: return MEMORY - r.below(12);
      case 5: return (-r.below(16)) >>> 0;
      case 6: return MEMORY + r.below(0x20000);
      case 7: return (0x100000 + KERNEL * r.below(2) + r.below(0x40000)) >>> 0;
      default: return r.word();
    }
  }
  /** An entry for a table of pages. */
  entry(): number {
    const { r } = this, wild = this.wild();
    const frame = wild ? r.pick([PAGES, PAGES + 3, 0x100, 0x10a, 0x109,
      0x120, r.below(0x400), r.word() >>> 12]) : r.pick([r.below(PAGES),
      r.below(PAGES), DIRECTORY >> 12, TABLE >> 12, DATA >> 12]);
    const flags = wild ? r.below(4096)
      : r.pick([7, 7, 0x67, 0x67, 0x27, 3, 0x63, 5, 0x25, 1, 0, 0x65]);
    return ((frame << 12) | flags) >>> 0;
  }
  /** An entry for a directory. */
  directoryEntry(): number {
    const { r } = this;
    if (this.wild()) return this.entry();
    return r.pick([TABLE, TABLE, TABLE_2, DIRECTORY, DIRECTORY_2, 0]) |
      r.pick([7, 7, 0x67, 3, 0x27, 5, 1]);
  }
  value(): number {
    const { r } = this;
    switch (r.below(6)) {
      case 0: return this.address();
      case 1: return this.entry();
      case 2: return r.operand();
      case 3: return this.selector();
      case 4: return this.descriptorHigh();
      default: return r.below(256);
    }
  }
  selector(): number {
    const { r } = this;
    return this.wild() ? r.below(65536)
      : r.pick([0x61, 0x69, 0x73, 0x7b, 0x33, 0x3b, 0x43, 0, 0x79]);
  }
  descriptorHigh(): number {
    const { r } = this;
    return r.chance(50) ? r.pick([0xcffa00, 0xcff200, 0xcfba00, 0xcfb200,
      0xcf9a00, 0x40f200, 0xcffe00, 0xcff600]) : r.word();
  }
  somewhere(): number {
    return this.places.length ? this.r.pick(this.places) : CODE;
  }

  /** One hypercall, with arguments that fit it more or less. */
  hypercall(): void {
    const { r } = this;
    if (this.wild()) {
      this.call(r.chance(70) ? r.below(21) : r.word(),
        this.value(), this.value(), this.value(), this.value());
      return;
    }
    const directory = r.pick([DIRECTORY, DIRECTORY, DIRECTORY_2, TABLE]);
    const way = r.below(28);
    switch (way) {
      case 0: case 1: return this.call(4, this.wild() ? this.value()
        : r.pick([DIRECTORY, DIRECTORY_2, r.below(PAGES) * 4096]));
      case 2: case 3: return this.call(5, r.below(2));
      case 4: case 5: return this.gate(r.pick(VECTORS), CODE + r.below(2048));
      case 6: return this.call(7, this.wild() ? this.selector()
        : r.pick([0x69, 0x61, 0x79, 0x01]), r.chance(80)
        ? STACK - 16 * r.below(200) : this.address(), r.below(3));
      case 7: return this.call(8, r.below(2));
      case 8: case 9: return this.call(9, r.pick([0, 100, 1000, 5000, 40000]));
      case 10: return r.chance(30) ? this.call(10) : this.call(19);
      case 11: case 12: case 13: case 14: case 15:
        return this.call(14, directory, this.address(), this.entry());
      case 16: case 17: case 18:
        return this.call(15, directory, r.below(1024));
      case 19: return this.call(16, r.chance(80) ? TLS + 4 * r.below(64)
        : this.address());
      case 20: case 21: case 22: return this.call(18,
        this.wild() ? this.value() : r.pick([6, 7, 8, 12, 13, 14, 15, 27, 10,
          11, 16, 31, r.below(32)]), this.value(), this.descriptorHigh());
      case 23: return this.call(17, r.chance(90) ? r.below(MEMORY)
        : this.address());
      case 24: return this.post();
      case 25: return r.chance(10) ? this.call(2, DATA, 1 + r.below(2))
        : this.call(0);
      default: return this.call(0);
    }
  }
  gate(vector: number, handler: number): void {
    const { r } = this;
    const type = this.wild() ? r.below(65536)
      : r.pick([0x8e00, 0x8f00, 0xaf00, 0xee00, 0xef00, 0xef00]);
    const at = handler + (r.chance(30) ? KERNEL : 0);
    this.call(6, vector, 0x610000 | (at & 0xffff),
      ((at & 0xffff0000) | type) >>> 0);
  }
  /** A hypercall for the ring. */
  post(): void {
    const { r } = this, slot = r.below(r.chance(70) ? 4 : 64);
    const at = DATA + 88 + 20 * slot;
    this.poke(at, this.wild() ? r.word()
      : r.pick([0, 5, 8, 14, 15, 18, 19, 4, 9, 10, 17]));
    this.poke(at + 4, r.pick([0, 1, DIRECTORY, this.value()]));
    this.poke(at + 8, this.value());
    this.poke(at + 12, this.entry());
    this.poke(DATA + 24 + (slot & ~3), r.pick([0, 0, r.word()]));
  }

  /** Tables change behind the Host's back. */
  changeTables(): void {
    const { r } = this;
    if (r.chance(35)) return this.poke(r.pick([DIRECTORY, DIRECTORY_2]) +
      4 * r.pick([1, 2, 768, 769, 1022, 1023, r.below(1024)]),
    this.directoryEntry());
    const page = r.chance(80) ? 16 + r.below(112) : r.below(PAGES);
    this.poke(r.pick([TABLE, TABLE_2]) + 4 * page, this.entry());
  }
  memory(): void {
    const { r } = this, at = this.address();
    switch (r.below(8)) {
      case 0: return this.poke(at, this.value());
      case 1: this.b(0xa1); return this.d(at);            // load eax
      case 2: this.b(0xa3); return this.d(at);            // store eax
      case 3: this.b(0xf0, 0x0f, 0xba, 0x2d); this.d(at); // lock btsl
        return this.b(r.below(32));
      case 4: case 5:                                     // strings
        this.set(7, at);
        this.set(6, this.address());
        this.set(1, r.chance(90) ? r.below(64) : r.word());
        return this.b(0xf3, r.pick([0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xa6]));
      case 6: this.set(3, at);                            // (%ebx)
        return this.b(r.pick([0x01, 0x11, 0x31, 0x87, 0x03]), 0x03);
      default: this.b(0x8f, 0x05); return this.d(at);     // pop to memory
    }
  }
  stack(): void {
    const { r } = this;
    switch (r.below(9)) {
      case 0: return this.set(4, this.wild() ? this.address()
        : STACK - 4 * r.below(500));
      case 1: case 2: return this.set(4, STACK);
      case 3: return this.b(r.pick([0x50, 0x60, 0x9c, 0x06, 0x1e]));
      case 4: return this.b(r.pick([0x58, 0x61, 0xc9]));
      case 5: case 6:                                     // popf
        this.b(0x68);
        this.d(r.chance(50) ? r.word() : 1 << r.below(22));
        return this.b(0x9d);
      case 7: this.b(0xc8); this.b(r.below(256), 0, r.below(4)); return;
      default: this.b(0x68); return this.d(this.value());
    }
  }
  segment(): void {
    const { r } = this;
    const put = r.pick([0x8e, 0x8e, 0x8e, 0x8e, 0x66]);
    if (put === 0x8e) {
      this.set(0, this.selector());
      return this.b(0x8e, 0xc0 | (r.pick([0, 2, 3, 4, 5]) << 3));
    }
    this.b(r.pick([0xea, 0x9a]));                         // ljmp, lcall
    this.d(this.somewhere());
    const s = this.wild() ? r.below(65536) : r.pick([0x61, 0x61, 0x51, 0x91]);
    this.b(s & 255, s >>> 8);
  }
  /** More of the address space than there are pages to shadow it; and
   * meanwhile, perhaps, what the stack needs is forgotten. */
  sweep(forgets = this.r.chance(50)): void {
    const { r } = this;
    this.set(7, DIRECTORY + 4);
    this.set(0, r.pick([TABLE, TABLE_2]) | 7);
    this.set(1, r.pick([200, 1022, 1023]));
    this.b(0xf3, 0xab);                                   // rep stosl
    if (r.chance(50)) this.call(5, 1);
    this.set(6, r.below(MEMORY));
    if (forgets) this.call(7, 0x69, STACK + KERNEL, 1 + r.below(2));
    this.set(7, 20 + r.below(400));
    // 1: SET_PGD; incl (%esi); addl $0x400000, %esi; movl address, %edx
    const again = this.bytes.length, late = r.chance(50);
    if (forgets && !late) this.call(15, DIRECTORY, KERNEL >>> 22);
    this.b(0xff, 0x06, 0x81, 0xc6);
    this.d(r.pick([0x400000, 0x400000, 0x3ff000, 0x1000]));
    if (forgets) {
      if (late) this.call(15, DIRECTORY, KERNEL >>> 22);
      this.b(0x8b, 0x15);
      this.d(KERNEL + r.below(PAGES) * 4096);
    }
    // decl %edi; jnz 1b
    this.b(0x4f, 0x75, again - this.bytes.length - 3);
  }
  /** The program's next line in another ring, if it comes to that. */
  iret(): void {
    const { r } = this, user = r.chance(75);
    const push = (value: number) => { this.b(0x68); this.d(value); };
    if (user) {
      push(this.wild() ? this.selector() : 0x7b);
      push(this.wild() ? this.address() : STACK - 2048);
    }
    push(r.chance(80) ? 0x202 : r.word());
    push(this.wild() ? this.selector() : user ? 0x73 : 0x61);
    const there = this.here + 6 + 1;
    push(r.chance(90) ? there : this.address());
    this.b(0xcf);
  }
  /** What only ring 0 may do, and what ends in a trap. */
  forbidden(): void {
    const { r } = this;
    switch (r.below(12)) {
      case 0: return this.b(0xcd, r.pick([...VECTORS, 0x1f, 0xef, 2, 8, 32,
        r.below(256)]));
      case 1: return this.b(r.pick([0xcc, 0xce, 0xf4, 0xfa, 0xfb, 0xec, 0xef,
        0xe4, 0x6c, 0x6e, 0xcf, 0xcb]), r.below(256));
      case 2: return this.b(0x0f, 0x0b);                  // ud2
      case 3: this.set(1, 0); return this.b(0xf7, 0xf1);  // div %ecx
      case 4: case 5:                                     // mov %crN
        this.set(0, r.chance(60) ? r.pick([DIRECTORY, DIRECTORY_2])
          : this.value());
        return this.b(0x0f, r.pick([0x20, 0x22]), 0xc0 |
          (r.pick([0, 2, 3, 3, 4, 1, 7]) << 3) | r.pick([0, 0, 3, 4, 5]));
      case 6: return this.b(0x0f, r.pick([0x30, 0x32, 0x31, 0x33, 0x34,
        0x35, 0x06, 0x08, 0x09, 0xa2]));
      case 7: this.b(0x0f, r.pick([0, 1]), 0x05 | (r.below(8) << 3));
        return this.d(this.address());                    // lgdt, ltr, …
      case 8: return this.b(0x0f, 0x3f, r.below(24));     // a host call
      case 9: this.b(0x0f, 0x01, 0x3d); return this.d(this.address());
      case 10: this.b(0x0f, r.pick([0x21, 0x23]), 0xc0 | r.below(64)); return;
      default: this.set(0, this.address());
        return this.b(0xff, r.pick([0xe0, 0xd0]));        // jmp *, call *
    }
  }
  /** Code that it writes itself, and code that is none. */
  code(): void {
    const { r } = this;
    if (r.chance(60))
      return this.poke(CODE + r.below(1800), r.chance(50) ? r.word()
        : r.pick([0x90909090, 0x0b0f0b0f, 0x1fcd1fcd, 0xcccccccc]));
    for (let n = r.below(10); n > 0; n--) this.b(r.below(256));
  }
  interrupts(): void {
    const { r } = this, at = r.pick([0, 4, 8, 20, 1376, 0, 4]);
    this.poke(DATA + at, r.pick([0, 0x200, 0x200, r.word(),
      this.somewhere()]));
  }

  line(): void {
    const { r } = this;
    this.places.push(this.here);
    const way = r.below(100);
    if (way < 32) this.hypercall();
    else if (way < 50) this.changeTables();
    else if (way < 68) this.memory();
    else if (way < 76) this.stack();
    else if (way < 81) this.segment();
    else if (way < 85) this.iret();
    else if (way < 86 && r.chance(20)) this.sweep();
    else if (way < 91) this.forbidden();
    else if (way < 93) this.code();
    else if (way < 96) this.interrupts();
    else if (way < 98) this.toSomewhere(r.pick([0xe8, 0xe9]));
    else { this.b(0x0f, 0x80 + r.below(16)); this.patches.push(
      this.bytes.length); this.d(0); }
  }

  /** What nearly every kernel does first. */
  prologue(): void {
    const { r } = this;
    this.set(4, STACK);
    if (r.chance(97)) this.call(1, this.wild() ? this.address() : DATA);
    if (r.chance(85)) this.call(4, DIRECTORY);
    if (r.chance(80)) {
      this.call(18, 14, 0xffff, 0xcffa00);
      this.call(18, 15, 0xffff, 0xcff200);
    }
    if (r.chance(80)) this.call(7, 0x69, STACK, 1 + r.below(2));
    const handlers: number[] = [];
    for (const vector of VECTORS) if (r.chance(90)) handlers.push(vector);
    const around = handlers.length;
    if (around === 0) return;
    this.b(0xe9);                               // jmp over the handlers
    const over = this.bytes.length;
    this.d(0);
    const stubs = handlers.map(() => {
      const at = this.here;
      if (r.chance(85)) this.set(4, STACK);
      this.toSomewhere(0xe9);
      return at;
    });
    this.patch(over, this.bytes.length - over - 4);
    handlers.forEach((vector, i) => this.gate(vector, stubs[i]!));
    if (r.chance(60)) this.poke(DATA + 4, 0);
    if (r.chance(60)) this.call(9, 1000 * (1 + r.below(50)));
  }
  private patch(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >>> (8 * i)) & 255;
  }

  write(most: number): Uint8Array {
    const { r } = this, style = r.below(20), { wildness } = this;
    if (r.chance(90)) this.wildness = 0;
    if (style > 0) this.prologue();
    this.wildness = wildness;
    if (style === 3) this.sweep(true);
    if (style < 3) for (let n = 400; n > 0; n--) this.b(r.below(256));
    else for (let n = Math.min(20 + r.below(60), most); n > 0; n--) this.line();
    if (r.chance(50)) this.toSomewhere(0xe9);
    else if (r.chance(50)) this.call(2, DATA + 64, 1);
    this.places.push(CODE + r.below(64));
    for (const at of this.patches)
      this.patch(at, this.somewhere() - (CODE + at + 4));
    return Uint8Array.from(this.bytes);
  }

  tables(): { address: number; bytes: Uint8Array }[] {
    const words = new Uint32Array(DIRECTORY_2 / 4 + 1024 - DIRECTORY / 4);
    const at = (address: number) => (address - DIRECTORY) >> 2;
    const { r } = this, user = r.pick([7, 7, 7, 3]);
    for (let n = 0; n < PAGES; n++) {
      words[at(TABLE) + n] = (n << 12) | user;
      words[at(TABLE_2) + n] = r.chance(50) ? this.entry() : (n << 12) | 7;
    }
    for (const directory of [DIRECTORY, DIRECTORY_2]) {
      words[at(directory)] = TABLE | 7;
      words[at(directory) + 768] = TABLE | r.pick([7, 3]);
      for (let n = r.below(12); n > 0; n--)
        words[at(directory) + 1 + r.below(1022)] = this.directoryEntry();
    }
    const bytes = new Uint8Array(words.buffer);
    return [
      { address: DIRECTORY, bytes: bytes.subarray(0, 0x1000) },
      { address: TABLE, bytes: bytes.subarray(0x1000, 0x1000 + 4 * PAGES) },
      { address: TABLE_2, bytes: bytes.subarray(0x2000, 0x2000 + 4 * PAGES) },
      { address: DIRECTORY_2, bytes: bytes.subarray(0x3000) },
    ];
  }
  data(): { address: number; bytes: Uint8Array }[] {
    const words = new Uint32Array(347), { r } = this;
    if (r.chance(90)) this.wildness = 0;
    words[0] = r.pick([0, 0x200]);
    words[1] = 1;
    words.fill(0xffffffff, 6, 22);
    if (r.chance(20))
      for (let i = 22; i < 342; i++) words[i] = this.value();
    words[344] = this.somewhere();
    words[345] = this.wild() ? r.word() : r.pick([KERNEL, KERNEL, 0, 0x1000,
      0x80000000, SWITCHER - 4096]);
    words[346] = this.wild() ? r.word() : 0x80;
    const tls = Uint32Array.from({ length: 64 }, (_, i) =>
      i & 1 ? this.descriptorHigh() : 0xffff);
    return [{ address: DATA, bytes: new Uint8Array(words.buffer) },
      { address: TLS, bytes: new Uint8Array(tls.buffer) }];
  }
}

/** The Guest of a seed; with fewer lines, for who looks for a fault. */
export function hostileGuest(seed: number, lines = Infinity): HostileGuest {
  const author = new Author(seed);
  const bytes = author.write(lines);
  return { seed, entry: CODE, parts: [{ address: CODE, bytes },
    ...author.tables(), ...author.data()] };
}
