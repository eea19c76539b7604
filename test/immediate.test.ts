// The words of the builder as the immediate back end takes them, one by one,
// against exact arithmetic; flags by their definition (SDM 1, 3.4.3.1).
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ATTRIBUTES, carryFlag, condition, counted, CS, decode, DF_FLAG, DS, EAX,
  EBP, EBX, EIP, ESI, ESP, FLAG_KIND, FLAGS_ADD, FLAGS_EXPLICIT,
  FLAGS_RESULT, FLAGS_SUB, helpers, hex32, Immediate, LIMIT, Machine,
  overflowFlag, parityFlag, REPEATING, REPEATING_AT, SEGMENTS, setFlags,
  setStatusFlags, signExtend16, signExtend8, signFlag, SS, statusFlags,
  SYSTEM_FLAGS, u32, zeroFlag,
} from "../src";
import type { Helper, Size } from "../src";
import { fault } from "./tables";

const CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800;

const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff,
  0x10000, 0x12345678, 0x7fffffff, 0x80000000, 0x80000001, 0xdeadbeef,
  0xfffeffff, 0xfffffffe, 0xffffffff].map((n) => n | 0);
const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));

const cpu = new Machine({ memory: 0x20000 }).cpus[0]!, { w } = cpu;
const b = new Immediate(cpu);

/** The int32 of an exact result. */
const word = (exact: bigint) => Number(BigInt.asIntN(32, exact));
const big = (n: number) => BigInt(n), unsigned = (n: number) => BigInt(n >>> 0);

test("two operands: arithmetic and logic modulo 2^32", () => {
  for (const [x, y] of pairs) {
    const at = `${hex32(x)} ${hex32(y)}`;
    assert.is(b.add(x, y), word(big(x) + big(y)), at);
    assert.is(b.sub(x, y), word(big(x) - big(y)), at);
    assert.is(b.multiply(x, y), word(big(x) * big(y)), at);
    assert.is(b.multiplyHigh(x, y), word(big(x) * big(y) >> 32n), at);
    assert.is(b.and(x, y), word(unsigned(x) & unsigned(y)), at);
    assert.is(b.or(x, y), word(unsigned(x) | unsigned(y)), at);
    assert.is(b.xor(x, y), word(unsigned(x) ^ unsigned(y)), at);
    assert.is(b.equal(x, y), x === y ? 1 : 0, at);
    assert.is(b.lessSigned(x, y), big(x) < big(y) ? 1 : 0, at);
    assert.is(b.lessUnsigned(x, y), unsigned(x) < unsigned(y) ? 1 : 0, at);
  }
});

test("shifts take their count modulo 32, extensions their size", () => {
  for (const x of edges) {
    for (const count of [0, 1, 7, 31, 32, 33]) {
      const n = big(count % 32);
      assert.is(b.shl(x, count), word(unsigned(x) << n));
      assert.is(b.shr(x, count), word(unsigned(x) >> n));
      assert.is(b.sar(x, count), word(big(x) >> n));
    }
    for (const size of [1, 2, 4] as const) {
      const bits = 8 * size;
      assert.is(b.zeroExtend(x, size), word(BigInt.asUintN(bits, big(x))));
      assert.is(b.signExtend(x, size), word(BigInt.asIntN(bits, big(x))));
    }
    assert.is(b.not(x), word(-1n - big(x)));
    assert.is(b.constant(x >>> 0), x);
    assert.is(b.let("x", x), x);
  }
  assert.equal([b.select(0, 5, 6), b.select(-1, 5, 6)], [6, 5]);
});

test("general registers by number and size (SDM 1, figure 3-5)", () => {
  const value = 0x8899aabb;
  for (let n = 0; n < 8; n++) {
    for (let k = 0; k < 8; k++) w[EAX + k] = 0x01020304 * k;
    w[EAX + n] = value;
    assert.is(b.reg(n, 4), value | 0);
    assert.is(b.reg(n, 2), 0xaabb);
    assert.is(b.reg(n & 3, 1), n < 4 ? 0xbb : 0x04 * (n & 3));
    assert.is(b.reg((n & 3) + 4, 1), n < 4 ? 0xaa : 0x03 * (n & 3));
    const changed = (size: Size, register = n) => {
      w[EAX + n] = value;
      b.setReg(register, size, 0x11223344);
      return u32(w[EAX + n]!);
    };
    assert.is(changed(4), 0x11223344);
    assert.is(changed(2), 0x88993344);
    if (n > 3) continue;
    assert.is(changed(1), 0x8899aa44);
    assert.is(changed(1, n + 4), 0x889944bb);
  }
});

test("the stack is as wide as SS says", () => {
  const attributes = SEGMENTS + 4 * SS + ATTRIBUTES, before = w[attributes]!;
  w[ESP] = 0xabcd0002 | 0;
  w[EBP] = 0x1234fffe;
  const moved = () => [b.stack(-4), b.stack(4), b.stack(4, EBP)].map(u32);
  assert.equal(moved(), [0xabccfffe, 0xabcd0006, 0x12350002]);
  b.setStack(0x87654321 | 0);
  assert.is(u32(w[ESP]), 0x87654321);
  w[attributes] = before & ~0x4000;
  w[ESP] = 0xabcd0002 | 0;
  assert.equal(moved(), [0xfffe, 6, 2]);
  b.setStack(0x87654321 | 0);
  assert.is(u32(w[ESP]), 0xabcd4321);
  w[attributes] = before;
  w[SEGMENTS + 4 * SS] = 0x1234;
  assert.is(b.selector(SS), 0x1234);
});

test("addresses wrap at the size that they have", () => {
  const address = (bytes: number[], plus = 0) =>
    u32(b.address(decode((n) => bytes[n] ?? 0, true)!, plus));
  w[EBX] = 0xfffffff0 | 0;
  w[ESI] = 0x8;
  // mov 0x10(%ebx,%esi,4), %eax; the same without base; without both.
  assert.is(address([0x8b, 0x44, 0xb3, 0x10]), 0x20);
  assert.is(address([0x8b, 0x44, 0xb3, 0x10], 4), 0x24);
  assert.is(address([0x8b, 0x04, 0xb5, 0x10]), 0x30);
  assert.is(address([0x8b, 0x05, 0, 0, 0, 0x80]), 0x80000000);
  // mov 0x10(%bx,%si), %eax with 16-bit addresses.
  assert.is(address([0x67, 0x8b, 0x40, 0x10]), 8);
  assert.is(address([0x67, 0x8b, 0x40, 0x10], -12), 0xfffc);
});

test("memory is read zero-extended, and written as wide as said", () => {
  cpu.store32(0x8000, 0x8899aabb | 0);
  for (const load of ["load", "loadForWrite"] as const)
    assert.equal([1, 2, 4].map((size) =>
      u32(b[load](DS, 0x8000, size as Size))), [0xbb, 0xaabb, 0x8899aabb]);
  b.store(DS, 0x8000, 2, 0x12345678);
  b.store(DS, 0x8003, 1, 0x99);
  assert.is(u32(cpu.load32(0x8000)), 0x99995678);
});

test("transfers: within the limit of CS, and if the condition holds", () => {
  const limit = SEGMENTS + 4 * CS + LIMIT, before = w[limit]!;
  w[limit] = 0x80000000 | 0;
  const next = (body: () => void) => {
    cpu.next = 77;
    return [fault(body), u32(cpu.next)];
  };
  assert.equal(next(() => b.goTo(0x80000000 | 0)), [undefined, 0x80000000]);
  assert.equal(next(() => b.goTo(0x80000001 | 0)), [[13, 0], 77]);
  assert.equal(next(() => b.branch(0, 5)), [undefined, 77]);
  assert.equal(next(() => b.branch(1, 5)), [undefined, 5]);
  w[limit] = before;
  assert.is(b.after(), 5);
  w[EIP] = 0x1234;
  assert.is(b.here(), 0x1234);
  assert.equal([cpu.d[REPEATING], w[REPEATING_AT]],
    [cpu.retired + 1, 0x1234]);
});

test("traps and bodies happen if their condition isn't 0", () => {
  assert.is(fault(() => b.trapIf(0, 6)), undefined);
  assert.equal(fault(() => b.trapIf(1, 6)), [6]);
  assert.equal(fault(() => b.trapIf(-1, 13, 8)), [13, 8]);
  let done = 0;
  b.when(0, () => { done += 1; });
  b.when(-1, () => { done += 2; });
  assert.is(done, 2);
});

test("a helper has the values that are told, else zeros", () => {
  const helper = (pure: boolean, run: Helper["run"]) =>
    ({ name: "some", pure, run });
  const digits = helper(true, (_cpu, a, c, d, e) =>
    a + 10 * c + 100 * d + 1000 * e);
  assert.is(b.call(digits), 0);
  assert.is(b.call(digits, 1, 2, 3, 4), 4321);
  assert.is(b.call(helper(true, () => 0xffffffff)), -1);
  assert.is(b.call(helper(true, () => {})), 0);
  for (const pure of [true, false]) {
    cpu.look = false;
    b.call(helper(pure, () => {}));
    assert.is(cpu.look, !pure, "what isn't pure may have changed anything");
  }
});

test("what computes alone is pure, and nothing else", () => {
  const pure = Object.values(helpers).filter((helper) => helper.pure);
  assert.equal(pure.map(({ name }) => name), ["unsignedQuotient",
    "signedQuotient", "lowestBit", "highestBit"]);
});

test("the direction of string instructions", () => {
  w[SYSTEM_FLAGS] = 0;
  assert.is(b.direction(), 1);
  w[SYSTEM_FLAGS] = DF_FLAG;
  assert.is(b.direction(), -1);
  w[SYSTEM_FLAGS] = 0;
});

// Flags.

/** The six flags of a sum or difference, by exact arithmetic. */
function byDefinition(
  kind: number, size: Size, x: number, y: number, carry: number,
): number {
  const bits = 8 * size, way = kind === FLAGS_ADD ? 1n : -1n;
  const [p, q] = [x, y].map((n) => BigInt.asUintN(bits, big(n)));
  const [sp, sq] = [x, y].map((n) => BigInt.asIntN(bits, big(n)));
  const exact = p! + way * (q! + big(carry));
  const signed = sp! + way * (sq! + big(carry));
  const nibble = (p! & 15n) + way * ((q! & 15n) + big(carry));
  return resultFlags(BigInt.asUintN(bits, exact), bits) |
    (BigInt.asUintN(bits, exact) === exact ? 0 : CF) |
    (BigInt.asUintN(4, nibble) === nibble ? 0 : AF) |
    (BigInt.asIntN(bits, signed) === signed ? 0 : OF);
}

function resultFlags(result: bigint, bits: number): number {
  let ones = 0;
  for (let n = 0n; n < 8n; n++) ones += Number((result >> n) & 1n);
  return (result === 0n ? ZF : 0) | (ones % 2 ? 0 : PF) |
    (result >> big(bits - 1) ? SF : 0);
}

/** What each condition says of the flags (SDM 1, table B-1). */
const conditions: ((f: number) => boolean)[] = [
  (f) => !!(f & OF), (f) => !!(f & CF), (f) => !!(f & ZF),
  (f) => !!(f & (CF | ZF)), (f) => !!(f & SF), (f) => !!(f & PF),
  (f) => !(f & SF) !== !(f & OF),
  (f) => !!(f & ZF) || !(f & SF) !== !(f & OF),
];

/** Whether everyone who tells of the flags tells the same. */
function told(expected: number, at: string): void {
  assert.is(statusFlags(w), expected, at);
  assert.is(b.status(), expected, at);
  const single = [overflowFlag(w), carryFlag(w), zeroFlag(w), signFlag(w),
    parityFlag(w)];
  assert.equal(single, [OF, CF, ZF, SF, PF].map((f) => expected & f ? 1 : 0),
    at);
  conditions.forEach((holds, k) => {
    const is = holds(expected) ? 1 : 0;
    assert.equal([condition(w, 2 * k), b.cond(2 * k + 1)], [is, 1 - is], at);
  });
}

test("flags of sums and differences, of all sizes, with a carry", () => {
  for (const kind of [FLAGS_ADD, FLAGS_SUB]) for (const size of [1, 2, 4])
    for (const carry of [0, 1]) for (const [x, y] of pairs) {
      const result = kind === FLAGS_ADD ? x + y + carry : x - y - carry;
      b.flags(kind, size as Size, result | 0, x, carry);
      told(byDefinition(kind, size as Size, x, y, carry),
        `${kind} ${size} ${hex32(x)} ${hex32(y)} ${carry}`);
    }
});

test("flags of a result, with the three others as they are told", () => {
  for (const size of [1, 2, 4]) for (const x of edges)
    for (const more of [0, CF, AF, OF, CF | AF | OF]) {
      setFlags(w, FLAGS_RESULT, size, x, 0, more);
      const result = BigInt.asUintN(8 * size, big(x));
      told(resultFlags(result, 8 * size) | more, `${size} ${hex32(x)}`);
    }
});

test("flags that are set outright are those six, and no other bits", () => {
  for (let n = 0; n < 64; n++) {
    const bits = [CF, PF, AF, ZF, SF, OF]
      .reduce((sum, flag, k) => sum | (n >> k & 1 ? flag : 0), 0);
    b.setStatus(bits | ~(CF | PF | AF | ZF | SF | OF));
    told(bits, `bits ${bits}`);
    assert.is(w[FLAG_KIND], FLAGS_EXPLICIT);
  }
  setStatusFlags(w, 0);
  for (const none of [-1, 16])
    assert.throws(() => condition(w, none), /no condition/);
});

test("numbers as they are named and counted", () => {
  assert.equal([u32(-1), u32(5)], [0xffffffff, 5]);
  assert.equal([0x7f, 0x80, 0x1ff].map(signExtend8), [127, -128, -1]);
  assert.equal([0x7fff, 0x8000, 0x1ffff].map(signExtend16),
    [32767, -32768, -1]);
  assert.equal([-1, 0x1234].map(hex32), ["ffffffff", "00001234"]);
  const things = ["page", "bus", "box", "switch", "flush"];
  assert.equal(things.map((thing) => counted(2, thing)), ["2 pages",
    "2 buses", "2 boxes", "2 switches", "2 flushes"]);
  assert.equal([counted(1, "bus"), counted(0, "page"),
    counted(1000, "page", "1 000")], ["1 bus", "0 pages", "1 000 pages"]);
});

test.run();
