import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstGuest } from "../src/guest";
import { freePages, place } from "../src/host";
import { Lguest, lguestOf, pagesBesides } from "../src/lguest";
import { boot, machineFor, MiB, parseKernel, run, UserError }
  from "../src/launcher";
import { endless, guest, hostile, notify, shutdown } from "./guests";

const LIMIT = 50_000_000;
const of = (name: string, image: Uint8Array) =>
  ({ name, image, commandLine: "", memory: 2 * MiB });

test("after each hostile Guest the next one in the same Host is well", () => {
  const said: string[] = [];
  const guests = hostile.flatMap(({ name, image }) =>
    [of(name, image()), of("the next", firstGuest())]);
  const session = boot({ guests, sequential: true }, (bytes, n) => {
    said[n] = (said[n] ?? "") + Buffer.from(bytes).toString();
  });
  const end = run(session, LIMIT);
  end.guests.forEach(({ name, state, reason }, n) => {
    if (n % 2) {
      assert.is(state, "poweroff", `after ${guests[n - 1]!.name}: ${reason}`);
      assert.match(said[n]!, /64 became dirty/);
    } else {
      assert.is(state, "killed", name);
      assert.match(reason, hostile[n / 2]!.reason);
    }
  });
  assert.is(end.status, 1);
  const { now, boot: before } = freePages(session.machine);
  assert.is(now, before, "all pages came back");
});

test("one world switch is one, in the sentence at the end", () => {
  const session = boot({ guests: [of("the Guest", firstGuest())] },
    () => {});
  for (let budget = 0; budget < 100_000; budget += 20) {
    const { guests: [one], sentences } = run(session, budget);
    if (one?.worldSwitches !== 1) continue;
    assert.match(sentences[0]!, /after \d+ instructions, 1 world switch$/);
    return;
  }
  assert.unreachable("no world switch in 100 000 instructions");
});

test("hostile Guests and a good one run side by side, on two CPUs", () => {
  const guests = [...hostile.map(({ name, image }) => of(name, image())),
    of("the good one", firstGuest())];
  const end = run(boot({ guests, cpus: 2 }, () => {}), LIMIT);
  assert.equal(end.guests.map((g) => g.state),
    [...hostile.map(() => "killed"), "poweroff"]);
});

test("a Guest that loops for ever does not keep another from its end", () => {
  const guests = [of("hog", endless()), of("the other", firstGuest())];
  const end = run(boot({ guests }, () => {}), 5_000_000);
  assert.equal(end.guests.map((g) => g.state), ["running", "poweroff"]);
  assert.is(end.status, 4);
  assert.is(end.instructions, 5_000_000);
});

test("the worst end of several counts", () => {
  const off = of("off", guest(shutdown("m") + 'm: .asciz "Power down"'));
  const panic = of("panic", guest(shutdown("m") + 'm: .asciz "No init"'));
  const hog = of("hog", endless());
  const status = (...guests: ReturnType<typeof of>[]) =>
    run(boot({ guests }, () => {}), 1_000_000).status;
  assert.is(status(off, off), 0);
  assert.is(status(off, panic), 1);
  assert.is(status(panic, hog, off), 4);
});

test("a Guest that sleeps with nothing to wake it is reported", () => {
  const asleep = of("asleep", guest("movl $10, %eax\n int $0x1f"));
  const end = run(boot({ guests: [asleep] }, () => {}), 10_000_000);
  assert.is(end.status, 1);
  assert.match(end.sentences[0]!, /sleeps and nothing can wake it/);
  assert.ok(end.instructions < 50_000, "a silent machine stops");
});

/** The bytes of a message, as a Guest says them last. */
const last = (...bytes: number[]) => guest(shutdown("m") +
  `m: .byte ${[...bytes, 0].join(", ")}\n .balign 4`);
const ascii = (text: string) => [...Buffer.from(text)];

for (const [name, bytes, said] of [
  ["a lie in a second line", ascii("died\nlguest: the Guest powered off"),
    "died\\x0alguest: the Guest powered off"],
  ["a cleared screen and a title", ascii("a\x1b[2J\x1b]0;title\x07b"),
    "a\\x1b[2J\\x1b]0;title\\x07b"],
  ["a newline at the end", ascii("Kernel panic - not syncing: no init \n"),
    "Kernel panic - not syncing: no init "],
  ["a line that is written over", ascii("bad\rgood\x7f\b"),
    "bad\\x0dgood\\x7f\\x08"],
  ["text in UTF-8", ascii("größe 1€ 🐶"), "größe 1€ 🐶"],
  ["C1 in UTF-8, and bare", [0x61, 0xc2, 0x9b, 0x9b, 0x62], "a\\x9b\\x9bb"],
  ["what is no UTF-8", [0xff, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xe2, 0x82, 0x41],
    "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xe2\\x82A"],
  ["other lines and directions", ascii("a\u2028b\u202ec"),
    "a\\u{2028}b\\u{202e}c"],
] as const)
  test(`a Guest's last words are one line: ${name}`, () => {
    const session = boot({ guests: [of("g", last(...bytes))] }, () => {});
    const told: unknown[] = [];
    session.machine.events.on((e) => {
      if (e.kind === "guest-end") told.push(e.reason);
    });
    const { sentences, guests, status } = run(session, LIMIT);
    assert.is(status, 1);
    assert.is(guests[0]!.reason, said);
    assert.ok(sentences[0]!.endsWith(` world switches: ${said}`));
    assert.equal(told, [said], "nor does a trace tell more lines");
  });

test("a Guest's name is one line, too", () => {
  const [sentence] = run(boot({ guests: [of("a\nlguest: b\x1b[2J",
    last(...ascii("bye")))] }, () => {}), LIMIT).sentences;
  assert.match(sentence!, /^a\\x0alguest: b\\x1b\[2J shut down after /);
});

test("a console gets a Guest's bytes as they are", () => {
  const bytes: number[] = [];
  const k = guest(notify("text") + shutdown("off") +
    "text: .byte 0xff, 0xc3, 0xa9, 7, 0\n off: .asciz \"\"");
  const end = run(boot({ guests: [of("g", k)] },
    (some) => void bytes.push(...some)), LIMIT);
  assert.is(end.status, 0);
  assert.equal(bytes, [0xff, 0xc3, 0xa9, 7]);
});

test("a command line in UTF-8 arrives as it was", () => {
  let said = "";
  const one = { ...of("g", firstGuest()), commandLine: "größe=1€" };
  const end = run(boot({ guests: [one] }, (bytes) => {
    said += Buffer.from(bytes).toString();
  }), LIMIT);
  assert.is(end.status, 0);
  assert.match(said, /I was told: größe=1€\n/);
});

test("no file whatever makes the loader do more than complain", () => {
  const SEED = 20071009;
  let state = SEED;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  const good = firstGuest();
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const file = good.slice(0, random(3) ? good.length : random(good.length));
    for (let n = random(6); n > 0; n--) {
      file[random(Math.min(120, file.length))] = random(256);
    }
    try {
      for (const s of parseKernel(file, 4 * MiB).segments) {
        assert.ok(s.address + s.memorySize <= 4 * MiB);
        assert.ok(s.offset + s.fileSize <= file.length);
      }
    } catch (error) {
      assert.instance(error, UserError, `seed ${SEED}, file ${i}: ${error}`);
      assert.not.match((error as Error).message, /\n/);
      refused++;
    }
  }
  assert.ok(refused > 1000 && refused < 3000, `${refused} refused`);
});

test("a bad kernel is refused at boot; later, it ends its Launcher", () => {
  const bad = of("g", new Uint8Array(100));
  assert.throws(() => boot({ guests: [bad] }),
    (e: unknown) => e instanceof UserError);
  const session = boot({ guests: [of("g", firstGuest())] });
  const at = lguestOf(0) - place.KERNEL + Lguest.image_size.offset;
  while (run(session, session.machine.count + 100).status === 4)
    if (session.machine.readRam(at, 4).some((byte) => byte !== 0)) break;
  session.machine.writeRam(at, Uint8Array.of(100, 0, 0, 0));
  const [g] = run(session, LIMIT).guests;
  assert.is(g!.state, "killed");
  assert.is(g!.reason, "its Launcher ended");
});

test("the machine is large enough for all that Guests need", () => {
  const memory = 26 * MiB;
  const guests = Array.from({ length: 32 }, () => ({ name: "g",
    image: new Uint8Array(0), commandLine: "", memory }));
  const { memory: all } = machineFor({ guests });
  const each = memory + 4096 * pagesBesides(memory / 4096);
  assert.ok(all - 32 * each >= 8 * MiB);
  assert.is(machineFor({ guests: guests.slice(0, 1) }).memory, 42 * MiB);
});

test.run();
