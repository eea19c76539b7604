// Virtual 8086 mode: what it may do, how it is left, how it is entered.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, believedFlags, changeVif, CPL, CR4, CR4_PVI, CR4_VME, CS, deliver,
  DS, EAX, EIP, ES, ESP, Fault, FS, GS, hasVirtualFlag, IF, interruptReturn,
  IOPL, isRedirected, putSegment, raiseInterrupt, registers, segmentRegister,
  SS, SYSTEM_FLAGS, takeBelieved, TR, VIF, VIP, virtualIsDue, VM,
  writeApic,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import { machineOf } from "./around";
import {
  codeOf, CONFORMING, dataOf, describe, fault, gate, IDT, INT_GATE, precise,
  prepared, ring, STACK0, TRAP_GATE, TSS,
} from "./tables";

const HANDLER = 0x6000;

/** A CPU in virtual 8086 mode about to execute bytes at 1000:0; ring 0's
 * handlers are hlts, one a vector. */
function virtual(bytes: number[], iopl = 0): Cpu {
  const cpu = prepared();
  for (let n = 0; n < 256; n++) {
    gate(cpu, IDT + 8 * n, INT_GATE | ring(n === 0x31 ? 0 : 3), 8,
      HANDLER + n);
  }
  cpu.board.writeRam(HANDLER, new Uint8Array(256).fill(0xf4));
  cpu.board.writeRam(0x10000, Uint8Array.from(bytes));
  cpu.w[ESP] = STACK0 - 36;
  enter(cpu, VM | 2 | (iopl << 12));
  cpu.w[EIP] = cpu.next;
  return cpu;
}

/** IRET with a frame for 1000:0. */
function enter(cpu: Cpu, flags: number, eip = 0): void {
  [eip, 0x1000, flags, 0xfffe, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000]
    .forEach((v, n) => cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
}

const frame = (cpu: Cpu, n: number) => Array.from({ length: n },
  (_, i) => cpu.peekStack(4 * i, 4));
const ended = (cpu: Cpu, steps = 20) => {
  machineOf(cpu).run({ maxInstructions: steps });
  return cpu.w[CPL] === 0 ? cpu.w[EIP]! - 1 - HANDLER : -1;
};

test("iret in ring 0 enters it: paragraphs, ring 3", () => {
  const cpu = virtual([0x90]);
  assert.equal([CS, SS, ES, DS, FS, GS].map((s) =>
    segmentRegister(cpu, s).base),
  [0x10000, 0x20000, 0x30000, 0x40000, 0x50000, 0x60000]);
  assert.equal(segmentRegister(cpu, DS), { selector: 0x4000, base: 0x40000,
    limit: 0xffff, attributes: 0xf3 });
  assert.equal([cpu.w[CPL], cpu.w[ESP], registers(cpu).eflags],
    [3, 0xfffe, VM | 2]);
});

test("ESP arrives with all of its bits", () => {
  const cpu = prepared();
  [0, 0x1000, VM | 2, 0x1234fffe, 0x2000, 0, 0, 0, 0].forEach((v, n) =>
    cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
  assert.is(cpu.w[ESP], 0x1234fffe);
});

test("ring 0's handler begins with null in the data segments", () => {
  const cpu = virtual([0x90]);
  deliver(cpu, new Fault(13, 0));
  for (const s of [ES, DS, FS, GS]) assert.equal(segmentRegister(cpu, s),
    { selector: 0, base: 0, limit: 0, attributes: 0 });
});

test("EIP has 16 bits, or the IRET is #GP in ring 0", () => {
  const cpu = prepared();
  assert.equal(precise(cpu, () => enter(cpu, VM | 2, 0x10000)), [13, 0]);
});

test("an outer ring's IRET doesn't enter it", () => {
  const cpu = prepared();
  cpu.w[CPL] = 1;
  const flags = [0x5000, codeOf(1), VM | 2];
  cpu.w[24 + 4 * CS] = codeOf(1);
  flags.forEach((v, n) => cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
  assert.is(cpu.w[SYSTEM_FLAGS]! & VM, 0);
});

test("an exception leaves it, with all segments on ring 0's stack", () => {
  const cpu = virtual([0x0f, 0x0b]); // ud2
  assert.is(ended(cpu), 6);
  assert.is(cpu.w[ESP], STACK0 - 36);
  assert.equal(frame(cpu, 9), [0, 0x1000, VM | 0x10002, 0xfffe, 0x2000,
    0x3000, 0x4000, 0x5000, 0x6000]);
  for (const s of [ES, DS, FS, GS]) {
    assert.equal(segmentRegister(cpu, s),
      { selector: 0, base: 0, limit: 0, attributes: 0 });
  }
  assert.equal([cpu.w[CPL], cpu.w[SYSTEM_FLAGS]], [0, 0]);
});

test("and IRET goes back to it", () => {
  const cpu = virtual([0x0f, 0x0b, 0x90]);
  cpu.board.writeRam(HANDLER + 6,
    Uint8Array.of(0x83, 0x04, 0x24, 2, 0xcf)); // addl $2, (%esp); iret
  machineOf(cpu).run({ maxInstructions: 4 });
  assert.equal([cpu.w[EIP], cpu.w[CPL]], [3, 3]);
  assert.is(segmentRegister(cpu, GS).base, 0x60000);
});

const sensitive: [string, number[]][] = [
  ["cli", [0xfa]], ["sti", [0xfb]], ["pushf", [0x9c]], ["popf", [0x9d]],
  ["int", [0xcd, 0x30]], ["iret", [0xcf]],
];

for (const [name, bytes] of sensitive) {
  test(`${name} is #GP unless IOPL is 3`, () => {
    for (const iopl of [0, 1, 2]) {
      assert.is(ended(virtual([...bytes, 0xcc], iopl)), 13, `IOPL ${iopl}`);
    }
    const cpu = virtual([...bytes, 0xcc], 3);
    cpu.store16(0x2fffe, 0);
    cpu.store16(0x20000, 0);
    const vector = ended(cpu);
    if (name === "int") assert.is(vector, 0x30);
    else if (name !== "iret" && name !== "popf") assert.is(vector, 3);
  });
}

test("with IOPL 3, CLI and STI change IF, POPF and IRET not IOPL", () => {
  const cpu = virtual([0xfb, 0x9c, 0x58, 0xb9, 0, 0, 0x51, 0x9d, 0x9c,
    0x5b, 0xcc], 3);
  assert.is(ended(cpu), 3);
  assert.is(cpu.w[EAX]! & 0xffff, IF | IOPL | 2);
  assert.is(cpu.w[3]! & 0xffff, IOPL | 2);
});

/** The same with CR4.VME, flags in addition, and a map of vectors in which
 * 0x21 is the program's, and its handler at 1000:0100 an int3. */
function extended(bytes: number[], flags = 0, iopl = 0): Cpu {
  const cpu = virtual(bytes, iopl);
  cpu.w[CR4] = CR4_VME;
  cpu.setEflags(flags, flags);
  cpu.w[24 + 4 * TR + 2] = 0x200;
  cpu.store16(TSS + 102, 0x88);
  for (let i = 0; i < 8; i++) cpu.store32(TSS + 0x68 + 4 * i, -1);
  cpu.store32(TSS + 0x6c, ~2);
  cpu.store32(4 * 0x21, 0x10000100);
  cpu.board.writeRam(0x10100, Uint8Array.of(0xcc));
  return cpu;
}

/** VIF, VIP, IF and IOPL in the flags of the frame of an int3. */
function int3Flags(cpu: Cpu): number {
  assert.is(ended(cpu), 3);
  return cpu.peekStack(8, 4) & (VIF | VIP | IF | IOPL);
}

test("VME: CLI and STI change VIF, and STI is #GP if VIP is set", () => {
  assert.is(int3Flags(extended([0xfb, 0xcc])), VIF);
  assert.is(int3Flags(extended([0xfa, 0xcc], VIF | IF)), IF);
  assert.is(int3Flags(extended([0xfa, 0xcc], VIF, 3)), VIF | IOPL);
  assert.is(int3Flags(extended([0xfb, 0xcc], VIP, 3)), VIP | IF | IOPL);
  assert.is(int3Flags(extended([0xfa, 0xcc], VIP)), VIP);
  assert.is(ended(extended([0xfb, 0xcc], VIP)), 13);
});

test("VME: PUSHF shows VIF as IF, and an IOPL of 3", () => {
  const pushed = (flags: number, iopl = 0) => {
    const cpu = extended([0x9c, 0x58, 0xcc], flags, iopl);
    int3Flags(cpu);
    return cpu.w[EAX]! & 0xffff;
  };
  assert.is(pushed(VIF), IF | IOPL | 2);
  assert.is(pushed(IF), IOPL | 2);
  assert.is(pushed(VIF, 3), IOPL | 2, "the real ones");
  assert.is(ended(extended([0x66, 0x9c, 0xcc], VIF)), 13, "pushfd");
});

test("VME: POPF and IRET take VIF from IF's place, or are #GP", () => {
  const popf = (image: number, flags = 0) => {
    const cpu = extended([0x9d, 0xcc], flags);
    cpu.store16(0x2fffe, image);
    return cpu;
  };
  const iret = (image: number, flags = 0) => {
    const cpu = extended([0xcf, 0xcc], flags);
    cpu.w[ESP] = 0x100;
    [1, 0x1000, image].forEach((v, n) => cpu.store16(0x20100 + 2 * n, v));
    return cpu;
  };
  for (const way of [popf, iret]) {
    assert.is(int3Flags(way(IF | IOPL)), VIF);
    assert.is(int3Flags(way(0, VIF | IF)), IF);
    assert.is(int3Flags(way(0, VIP)), VIP);
    assert.is(ended(way(IF, VIP)), 13, "VIP");
    assert.is(ended(way(0x100)), 13, "TF");
  }
  const popfd = extended([0x66, 0x9d]);
  popfd.w[ESP] = 0x100;
  assert.is(ended(popfd), 13, "popfd");
  assert.is(ended(extended([0x66, 0xcf])), 13, "iretd");
});

test("VME: INT n goes where its bit in the TSS says", () => {
  const cpu = extended([0xcd, 0x21], VIF | IF);
  assert.is(int3Flags(cpu), IF);
  assert.equal([frame(cpu, 2), [0, 2, 4].map((n) =>
    cpu.load16(0x2fff8 + n))], [[0x101, 0x1000],
    [2, 0x1000, IF | IOPL | 2]]);
  assert.is(int3Flags(extended([0xcd, 0x21], VIF | IF, 3)), VIF | IOPL);
  assert.is(ended(extended([0xcd, 0x22])), 13, "not its own");
  assert.is(ended(extended([0xcd, 0x22], 0, 3)), 0x22);
  assert.is(ended(virtual([0xcd, 0x21])), 13, "without VME");
});

test("VME: a map of vectors that isn't in the TSS is #GP", () => {
  for (const [map, limit] of [[0x10, 0x200], [0x88, 0x6b], [0x88, 0x66]]) {
    const cpu = extended([0xcd, 0x21]);
    cpu.store16(TSS + 102, map!);
    cpu.w[24 + 4 * TR + 2] = limit!;
    assert.is(ended(cpu), 13, `${map} ${limit}`);
  }
  const cpu = extended([0xcd, 0x21]);
  cpu.w[24 + 4 * TR + 2] = 0x6c;
  assert.is(ended(cpu), 3);
});

test("VME, PVI: who arrives with VIF and VIP is sent back by #GP", () => {
  const both = VIF | VIP;
  const cpu = extended([0xcc], both);
  assert.is(ended(cpu), 13);
  assert.equal(frame(cpu, 2), [0, 0], "before the first instruction");
  assert.is(ended(virtual([0xcc], 0)), 3);
  const plain = virtual([0xcc]);
  plain.setEflags(both, both);
  assert.is(int3Flags(plain), both, "not without VME");
  for (const [cr4, vector] of [[0, 3], [CR4_PVI, 13]]) {
    const user = ring3([0xcc]);
    user.w[CR4] = cr4!;
    user.setEflags(both, both);
    assert.is(ended(user), vector!);
  }
});

/** A CPU in ring 3 of protected mode about to execute bytes. */
function ring3(bytes: number[]): Cpu {
  const cpu = virtual([0x90]);
  cpu.board.writeRam(0x7000, Uint8Array.from(bytes));
  cpu.w[CPL] = 0;
  cpu.setEflags(2);
  putSegment(cpu, CS, 8, 0, -1, 0xc09b);
  putSegment(cpu, SS, 0x10, 0, -1, 0xc093);
  cpu.w[ESP] = STACK0 - 20;
  [0x7000, codeOf(3), 2, 0x9000, dataOf(3)].forEach((v, n) =>
    cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
  cpu.w[EIP] = cpu.next;
  return cpu;
}

test("PVI: CLI and STI change VIF in ring 3, nothing else does", () => {
  const with3 = (bytes: number[], flags = 0, cr4 = CR4_PVI) => {
    const cpu = ring3(bytes);
    cpu.w[CR4] = cr4;
    cpu.setEflags(flags, flags);
    return cpu;
  };
  assert.is(int3Flags(with3([0xfb, 0xcc])), VIF);
  assert.is(int3Flags(with3([0xfa, 0xcc], VIF | IF)), IF);
  assert.is(ended(with3([0xfb, 0xcc], VIP)), 13);
  assert.is(ended(with3([0xfb, 0xcc], 0, 0)), 13, "without PVI");
  assert.is(ended(with3([0xfb, 0xcc], 0, CR4_VME)), 13, "VME isn't PVI");
  const cpu = with3([0x9c, 0x58, 0xcc], VIF);
  assert.is(int3Flags(cpu), VIF);
  assert.is(cpu.w[EAX]! & (IF | IOPL), 0, "PUSHF shows what is");
});

test("INT3 and INTO aren't sensitive; INT goes by the gate's DPL", () => {
  assert.is(ended(virtual([0xcc])), 3);
  const overflow = virtual([0xb0, 0x7f, 0x04, 1, 0xce]);
  assert.is(ended(overflow), 4);
  const cpu = virtual([0xcd, 0x31], 3);
  assert.is(ended(cpu), 13);
  assert.is(cpu.peekStack(0, 4), 0x31 * 8 + 2);
});

test("a gate that doesn't lead to ring 0 is #GP with its selector", () => {
  const cpu = virtual([0x90]);
  gate(cpu, IDT + 8 * 6, TRAP_GATE, codeOf(1) & ~3, HANDLER);
  deliver(cpu, new Fault(6));
  assert.is(cpu.w[EIP], HANDLER + 13);
  assert.is(cpu.peekStack(0, 4), (codeOf(1) & ~3) | 1);
  const other = virtual([0x90]);
  describe(other, 0x100, CONFORMING);
  gate(other, IDT + 8 * 6, TRAP_GATE, 0x100, HANDLER);
  deliver(other, new Fault(6));
  assert.is(other.peekStack(0, 4), 0x101);
});

test("privileged instructions are #GP, those about selectors #UD", () => {
  for (const bytes of [[0xf4], [0x0f, 0x20, 0xc0], [0x0f, 0x06],
    [0x0f, 0x01, 0x16, 0, 0], [0x0f, 0x32]]) {
    assert.is(ended(virtual(bytes)), 13, `${bytes}`);
  }
  for (const bytes of [[0x0f, 0, 0xc0], [0x0f, 0, 0xd8], [0x0f, 2, 0xc0],
    [0x63, 0xc0]]) assert.is(ended(virtual(bytes)), 6, `${bytes}`);
});

test("ports go by the bitmap, whatever IOPL is", () => {
  const open = (cpu: Cpu, bits: number) => {
    cpu.w[24 + 4 * TR + 2] = 0x200;
    cpu.store16(TSS + 102, 0x68);
    cpu.store32(TSS + 0x68, bits);
    return cpu;
  };
  const input = [0xe4, 0x05, 0xcc]; // in $5, %al
  assert.is(ended(open(virtual(input, 3), 0x20)), 13);
  assert.is(ended(open(virtual(input, 0), ~0x20)), 3);
});

test("an external interrupt leaves it if IF is set", () => {
  const cpu = virtual([0x90, 0x90, 0xcc]);
  writeApic(cpu, 0xf0, 0x1ff);
  raiseInterrupt(cpu, 0x40);
  cpu.w[SYSTEM_FLAGS]! |= IF;
  assert.is(ended(cpu), 0x40);
  assert.is(cpu.peekStack(8, 4), VM | IF | 2);
});

const shared = prepared();

/** A CPU with VM or not, in a ring, with CR4 and flags. */
function state(vm: boolean, ring: number, cr4: number, flags: number): Cpu {
  const { w } = shared;
  w[CPL] = ring;
  w[CR4] = cr4;
  w[SYSTEM_FLAGS] = flags | (vm ? VM : 0);
  return shared;
}

const modes = [0, 1, 2, 3].map((iopl) => iopl << 12);

// SDM 3B, table 20-2; without VM, IOPL is no matter of these.
test("PUSHF, POPF and IRET: who has IF, who VIF, who #GP", () => {
  for (const iopl of modes) {
    for (const cr4 of [0, CR4_PVI, CR4_VME, 0x1df]) {
      for (const size of [2, 4]) {
        const minded = iopl !== IOPL, extended = (cr4 & CR4_VME) !== 0;
        const what = `IOPL ${iopl >> 12}, CR4 ${cr4}, ${size} bytes`;
        const ask = (cpu: Cpu) => {
          let has: boolean | undefined;
          const thrown = fault(() => { has = hasVirtualFlag(cpu, size); });
          return thrown ?? has;
        };
        assert.equal(ask(state(true, 3, cr4, iopl)), !minded ? false
          : size === 2 && extended ? true : [13, 0], what);
        assert.is(ask(state(false, 3, cr4, iopl)), false, what);
      }
    }
  }
});

test("CLI and STI: VIF by VME in virtual 8086 mode, by PVI in ring 3", () => {
  for (const vm of [false, true]) {
    for (const ring of vm ? [3] : [1, 2, 3]) {
      for (const cr4 of [0, CR4_PVI, CR4_VME, CR4_PVI | CR4_VME]) {
        const may = vm ? cr4 & CR4_VME : ring === 3 && cr4 & CR4_PVI;
        for (const flags of [0, VIF, VIP, VIF | VIP, IF | IOPL | VIF]) {
          for (const on of [false, true]) {
            const cpu = state(vm, ring, cr4, flags);
            const thrown = precise(cpu, () => changeVif(cpu, on));
            const good = may && !(on && flags & VIP);
            const what = `VM ${vm}, ring ${ring}, CR4 ${cr4}, ${flags} ${on}`;
            assert.equal(thrown, good ? undefined : [13, 0], what);
            if (good) assert.is(cpu.w[SYSTEM_FLAGS], (on ? flags | VIF
              : flags & ~VIF) | (vm ? VM : 0), what);
          }
        }
      }
    }
  }
});

test("VIF and VIP together are due by VME, or by PVI in ring 3", () => {
  for (const vm of [false, true]) {
    for (const ring of vm ? [3] : [0, 1, 2, 3]) {
      for (const cr4 of [0, CR4_PVI, CR4_VME, CR4_PVI | CR4_VME, 0x1dc]) {
        for (const flags of [0, VIF, VIP, VIF | VIP, IF | IOPL]) {
          const cpu = state(vm, ring, cr4, flags);
          const both = flags === (VIF | VIP);
          const pvi = ring === 3 && (cr4 & CR4_PVI) !== 0;
          const vme = vm && (cr4 & CR4_VME) !== 0;
          assert.is(virtualIsDue(cpu), both && (vme || pvi),
            `VM ${vm}, ring ${ring}, CR4 ${cr4}, ${flags}`);
        }
      }
    }
  }
});

test("flags as a program believes them, and as it sets them", () => {
  const shown: [number, number][] = [[0, 0], [IF, 0], [VIF, IF],
    [IF | VIF, IF], [VIP, 0]];
  for (const [flags, seen] of shown) {
    const cpu = state(true, 3, CR4_VME, flags);
    assert.is(believedFlags(cpu) & 0xffff, seen | IOPL | 2);
  }
  // Image, flags; what comes of it, or #GP.
  const taken: [number, number, number | undefined][] = [
    [0, 0, 0], [IF, 0, IF | VIF], [0, VIP, 0], [IF, VIP, undefined],
    [IF, VIF, IF | VIF], [0x100, 0, undefined], [0x4cd5, VIF, 0x4cd5],
    [0x300, 0, undefined], [IF | 1, IF, IF | VIF | 1],
  ];
  for (const [image, flags, expected] of taken) {
    const cpu = state(true, 3, CR4_VME, flags);
    let value: number | undefined;
    const thrown = fault(() => { value = takeBelieved(cpu, image); });
    assert.equal([thrown, value], expected === undefined
      ? [[13, 0], undefined] : [undefined, expected], `${image} ${flags}`);
  }
});

// SDM 3B, 20.3: 32 bytes that end where the map of ports begins.
test("VME: each vector has its bit, in a map in front of that of ports",
  () => {
    const mapped = (vector: number, port: number, limit: number) => {
      const cpu = shared, bit = vector & 7;
      cpu.w.set([0, 0x5000, limit], 24 + 4 * TR);
      cpu.w[SYSTEM_FLAGS] = VM;
      cpu.w[CR4] = CR4_VME;
      cpu.store16(0x5000 + 102, port);
      const at = 0x5000 + port - 32 + (vector >> 3);
      const ask = () => {
        let inside: boolean | undefined;
        return fault(() => { inside = isRedirected(cpu, vector); }) ?? inside;
      };
      cpu.board.writeRam(at, Uint8Array.of(~(1 << bit)));
      const clear = ask();
      cpu.board.writeRam(at, Uint8Array.of(1 << bit));
      assert.equal(ask(), [13, 0], "set, and IOPL is 0");
      cpu.w[SYSTEM_FLAGS] = VM | IOPL;
      assert.equal(ask(), Array.isArray(clear) ? clear : false);
      cpu.w[CR4] = 0;
      assert.is(ask(), false, "without VME");
      return clear;
    };
    const bad = [13, 0];
    for (let vector = 0; vector < 256; vector++) {
      assert.is(mapped(vector, 0x88, 0x87), true, `${vector}`);
    }
    assert.equal([mapped(0, 32, 0x67), mapped(0, 31, 0x67)], [true, bad]);
    assert.equal([mapped(8, 31, 0x67), mapped(0, 0, 0x67)], [true, bad]);
    assert.equal([mapped(0, 0x88, 0x66), mapped(0, 0x88, 0x67)],
      [bad, bad]);
    assert.equal([mapped(255, 0x88, 0x86), mapped(255, 0x88, 0x87)],
      [bad, true]);
    assert.equal([mapped(7, 0x88, 0x68), mapped(8, 0x88, 0x68)],
      [true, bad]);
  });

test("in protected mode INT is no matter of the map", () => {
  const cpu = state(false, 3, CR4_VME | CR4_PVI, 0);
  cpu.w.set([0, 0x5000, 0], 24 + 4 * TR);
  assert.is(isRedirected(cpu, 0x21), false);
});

test("IRET takes all nine words from their places, EIP up to FFFF", () => {
  const cpu = prepared(), at = cpu.w[ESP]!;
  const words = [0xffff, 0x11234, VM | IF | 2, 0x89abcdef, 0x22345, 0x33456,
    0x44567, 0x55678, 0x66789];
  words.forEach((v, n) => cpu.store32(at + 4 * n, v));
  interruptReturn(cpu, 4);
  assert.equal([CS, SS, ES, DS, FS, GS].map((s) => segmentRegister(cpu, s)),
    [0x1234, 0x2345, 0x3456, 0x4567, 0x5678, 0x6789].map((selector) => ({
      selector, base: selector * 16, limit: 0xffff, attributes: 0xf3 })));
  assert.equal([cpu.next, cpu.w[ESP]! >>> 0, cpu.w[CPL], cpu.eflags()],
    [0xffff, 0x89abcdef, 3, VM | IF | 2]);
});

test("far calls and segment loads are those of real mode", () => {
  const cpu = virtual([0x9a, 0x00, 0x01, 0x00, 0x10, 0xcc]);
  cpu.board.writeRam(0x10100, Uint8Array.of(
    0xb8, 0x34, 0x12, 0x8e, 0xd8, 0xcb));
  assert.is(ended(cpu), 3);
  assert.equal(frame(cpu, 2), [6, 0x1000]);
  assert.is(cpu.peekStack(24, 4), 0x1234, "ds");
});

test("beyond 64 KiB is #GP(0), with the frame on ring 0's stack", () => {
  const cpu = virtual([0xa1, 0xff, 0xff]);
  assert.is(ended(cpu), 13);
  assert.equal(frame(cpu, 3), [0, 0, 0x1000]);
});

test("a bad stack in the TSS is #TS, and then a double fault", () => {
  const cpu = virtual([0x90]);
  cpu.store32(TSS + 8, 0);
  assert.is(fault(() => { deliver(cpu, new Fault(6)); }), undefined);
  assert.is(cpu.w[ACTIVITY], 3);
});

test.run();
