import { test } from "uvu";
import * as assert from "uvu/assert";
import { defaultGuest, guestImage, guestOf, guestText, tickingGuest }
  from "../src/guest";
import { boot, MiB, run } from "../src/launcher";
import type { BootOptions } from "../src/launcher";

const LIMIT = 20_000_000;
const NEW_PGTABLE = 4, NOTIFY = 17, HALT = 10, SET_CLOCKEVENT = 9;

/** What was seen from outside while a Guest ran. */
function watch(image: Uint8Array, options: Partial<BootOptions> = {}) {
  let said = "";
  const decoder = new TextDecoder();
  const session = boot({ guests: [{ name: "the Guest", image,
    commandLine: "", memory: 4 * MiB }], ...options },
    (bytes) => { said += decoder.decode(bytes, { stream: true }); });
  const seen: { kind: string; [key: string]: unknown }[] = [];
  const kinds = ["switch", "hypercall", "reflect", "guest-irq"];
  session.machine.events.on((event) => {
    if (kinds.includes(event.kind)) seen.push({ ...event });
  });
  const end = run(session, LIMIT);
  const count = (kind: string, key?: string, value?: unknown) => seen.filter(
    (e) => e.kind === kind && (key === undefined || e[key] === value)).length;
  return { end, said, seen, count };
}

/** The numbers of a line of the report. */
function numbers(said: string, line: string): number[] {
  const found = new RegExp(`^ +${line} +(.*)$`, "m").exec(said);
  assert.ok(found, `a line "${line}" in ${said}`);
  return (found[1]!.match(/\d+/g) ?? []).map(Number);
}

/** Only what the program with this number said. */
const by = (said: string, id: number) => said.split("\n")
  .filter((line) => line.startsWith(`  [${id}] `))
  .map((line) => line.slice(6));

const primes = Array.from({ length: 32768 }, (_, n) => n).filter((n) => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n > 1;
});

const demonstration = watch(defaultGuest());

test("all programs come to the end that they deserve", () => {
  const { said, end } = demonstration;
  assert.is(end.status, 0, end.sentences.join());
  assert.equal(by(said, 1), [100, 200, 300, 400, 500, 600, 700, 800].map(
    (n) => `counter: prime number ${n} is ${primes[n - 1]}`));
  assert.equal(by(said, 2), [8192, 16384, 24576, 32768].map((n) =>
    `sieve: ${primes.filter((p) => p < n).length} primes below ${n}`));
  for (const id of [3, 4]) assert.equal(by(said, id),
    Array(4).fill(`twin: I am ${id}. My segment says ${id}, too`));
  assert.equal(by(said, 5).slice(0, 3), [3, 2, 1].map((n) =>
    `divider: 12 / ${n} = ${12 / n}`));
  assert.match(by(said, 5)[3]!, /^is no more: divided by zero at 0x004000/);
  assert.is(by(said, 5).length, 4);
  assert.is(by(said, 6)[0], "burglar: what may be at 0xc0100000?");
  assert.match(by(said, 6)[1]!, /at 0x004000.. it touched 0xc0100000$/);
  assert.is(by(said, 6).length, 2);
});

test("the programs take turns", () => {
  const order = [...demonstration.said.matchAll(/^ {2}\[(\d)\]/gm)]
    .map((m) => m[1]);
  const changes = order.filter((id, i) => id !== order[i - 1]).length;
  assert.ok(changes > 10, order.join(""));
});

test("the Guest's numbers are those that the Host has seen", () => {
  const { said, count, seen } = demonstration;
  const [ticks, naps] = numbers(said, "time");
  assert.is(count("guest-irq", "irq", 0), ticks);
  assert.is(count("hypercall", "number", HALT), naps);
  assert.is(count("hypercall", "number", SET_CLOCKEVENT), ticks! + 1);
  const [switches] = numbers(said, "switches");
  const maps = seen.filter((e) => e.kind === "hypercall" &&
    e.number === NEW_PGTABLE).map((e) => (e.args as number[])[0]);
  assert.is(maps.filter((map) => map !== maps[0]).length, switches);
  const [appeared, copied] = numbers(said, "pages");
  const [ended, divided, broke, other] = numbers(said, "programs");
  assert.equal([ended, divided, broke, other], [4, 1, 1, 0]);
  assert.is(count("reflect", "vector", 14), appeared! + copied! + broke!);
  assert.is(copied, 2, "the twins' page, once for each");
  assert.equal(numbers(said, "left"), [0]);
});

test("system calls and divisions by zero never leave the Guest", () => {
  const { said, count } = demonstration;
  const [calls] = numbers(said, "calls");
  assert.ok(calls! > 1200, String(calls));
  assert.is(count("switch", "trap", 0x80), 0);
  assert.is(count("switch", "trap", 0), 0);
  assert.is(count("reflect", "vector", 0x80), 0);
});

test("a change of program is one direct hypercall", () => {
  const direct = demonstration.seen.filter((e) =>
    e.kind === "hypercall" && e.number === NEW_PGTABLE && !e.posted);
  assert.is(direct.length, 1, "the boot's");
});

test("it is small enough for a short attention", () => {
  const { end } = demonstration;
  assert.ok(end.instructions < 3_000_000, String(end.instructions));
});

test("two of them, on two CPUs, say the same as one", () => {
  const image = defaultGuest(), said = ["", ""];
  const guests = [0, 1].map((n) => ({ name: `Guest ${n}`, image,
    commandLine: "", memory: 4 * MiB }));
  const end = run(boot({ guests, cpus: 2 }, (bytes, n) => {
    said[n] += Buffer.from(bytes).toString();
  }), LIMIT);
  assert.is(end.status, 0, end.sentences.join());
  for (const text of said) {
    for (const id of [1, 2, 3, 4, 5, 6])
      assert.equal(by(text, id), by(demonstration.said, id));
    assert.equal(numbers(text, "pages"),
      numbers(demonstration.said, "pages"));
  }
});

test("with ticks ten times as fast the programs say the same", () => {
  for (const tick of [30_011, 15_013]) {
    const text = guestText.replace(/(TICK, )250000/, `$1${tick}`);
    const { end, said, count } = watch(guestImage(text));
    assert.is(end.status, 0, `${tick} ns: ${end.sentences}`);
    for (const id of [1, 2, 3, 4, 5, 6])
      assert.equal(by(said, id), by(demonstration.said, id), `${tick} ns`);
    assert.is(numbers(said, "time")[0], count("guest-irq", "irq", 0));
    assert.equal(numbers(said, "left"), [0]);
  }
});

test("a Guest that counts to ten does little else", () => {
  const { end, said, count } = watch(tickingGuest());
  assert.is(end.status, 0, end.sentences.join());
  assert.match(said, /woken 10 times/);
  assert.is(count("guest-irq"), 10);
});

const exit = "xorl %eax, %eax\n int $0x80\n";
const evil: [string, string, RegExp][] = [
  ["jumps to 0", "xorl %eax, %eax\n jmp *%eax", /at 0x00000000 it touched/],
  ["switches interrupts off", "cli", /not allowed at 0x00400000/],
  ["stops the CPU", "hlt", /not allowed at 0x00400000/],
  ["makes a hypercall", "movl $2, %eax\n int $0x1f",
    /not allowed at 0x00400005/],
  ["asks a port", "inb $0x60, %al", /not allowed at 0x00400000/],
  ["loads the kernel's data segment", "movl $0x69, %eax\n movl %eax, %ds",
    /not allowed at 0x00400005/],
  ["writes to the kernel", "movl %eax, 0xC0100000",
    /it touched 0xc0100000/],
  ["writes to the Switcher", "movl %eax, 0xFFC01000",
    /it touched 0xffc01000/],
  ["has the kernel write its own secrets",
    "movl $1, %eax\n movl $0xC0100000, %esi\n int $0x80\n ud2",
    /no such instruction at 0x0040000c/],
  ["has the kernel read where nothing is",
    "movl $1, %eax\n movl $0x123, %esi\n xorl %ebx, %ebx\n int $0x80",
    /it touched 0x00000123/],
  ["single-steps", "pushfl\n orl $0x100, (%esp)\n popfl\n nop\n nop",
    /something odd before 0x0040000a/],
  ["stops at a breakpoint", "int3", /something odd before 0x00400001/],
  ["overflows", "movl $0x7fffffff, %eax\n incl %eax\n into",
    /something odd before 0x00400007/],
  ["is out of bounds", "xorl %eax, %eax\n bound %eax, 1f - bad + PROGRAM\n"
    + "1: .long 1, 2", /something odd before 0x00400002/],
  ["raises the Host's timer", "int $0xef", /not allowed at 0x00400000/],
  ["sets NT and asks", "pushfl\n orl $0x4000, (%esp)\n popfl\n" +
    "movl $2, %eax\n int $0x80\n ud2", /no such instruction at 0x00400010/],
  ["leaves nonsense in its segments", "xorl %eax, %eax\n movl %eax, %ds\n" +
    "movl %eax, %es\n movl $2, %eax\n int $0x80\n movl %eax, (%eax)",
    /not allowed at 0x0040000d/],
  ["has no stack left", "1: call 1b", /it touched 0x007efffc/],
  ["has a stack in the kernel", "movl $0xC0101000, %esp\n pushl %eax",
    /it touched 0xc0100ffc/],
];

test("an evil program ends, and the one beside it doesn't notice", () => {
  for (const [what, text, reason] of evil) {
    const good = `good: ${nap} movl $(ok - good + PROGRAM), %esi
      movl $1, %eax\n xorl %ebx, %ebx\n int $0x80\n ${exit}
      ok: .asciz "well\\n"\n`;
    const { end, said } = watch(guestOf(`bad: ${text}\n`, good));
    assert.is(end.status, 0, `${what}: ${end.sentences} ${said}`);
    assert.match(by(said, 1).join(), reason, what);
    assert.equal(by(said, 2), ["well"], what);
  }
});

const nap = "movl $3, %eax\n movl $3, %ebx\n int $0x80\n";

test("registers and flags are a program's own, whoever else runs", () => {
  const program = (n: number) => `
    movl $${n}, %eax\n movl %eax, %ebx\n movl %eax, %ecx
    movl %eax, %edx\n movl %eax, %esi\n movl %eax, %edi
    leal 40000(%eax), %ebp
    std
1:  cmpl %eax, %ebx\n jne 2f\n cmpl %eax, %ecx\n jne 2f
    cmpl %eax, %edx\n jne 2f\n cmpl %eax, %esi\n jne 2f
    cmpl %eax, %edi\n jne 2f
    pushfl\n popl %ecx\n testl $0x400, %ecx\n movl %eax, %ecx\n jz 2f
    decl %ebp\n cmpl %eax, %ebp\n jne 1b
    cld
    ${exit}
2:  ud2
`;
  const { said, count, end } =
    watch(guestOf(program(0x11111), program(0x22222), program(0x33333)));
  assert.is(end.status, 0);
  assert.is(by(said, 1).concat(by(said, 2), by(said, 3)).join(), "");
  assert.ok(count("guest-irq") > 20, `${count("guest-irq")} ticks`);
});

test("as much heap as there is memory, and a panic for more", () => {
  const hungry = `
    movl $HEAP, %edi
1:  movl %edi, (%edi)
    addl $4096, %edi
    cmpl $HEAP_END, %edi
    jb 1b
2:  subl $4096, %edi
    cmpl %edi, (%edi)
    jne 3f
    cmpl $HEAP, %edi
    ja 2b
    ${exit}
3:  ud2
`;
  const guest = (n: number, memory: number) => {
    const image = guestOf(...Array<string>(n).fill(hungry));
    const session = boot({ guests: [{ name: "g", image, commandLine: "",
      memory }] }, () => {});
    return run(session, LIMIT).guests[0]!;
  };
  assert.equal(guest(3, 6 * MiB).state, "poweroff");
  const { state, reason } = guest(3, 3 * MiB);
  assert.is(state, "crashed");
  assert.is(reason, "Out of memory");
});

test.run();
