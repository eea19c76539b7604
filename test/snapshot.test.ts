import { test } from "uvu";
import * as assert from "uvu/assert";
import { firstGuest } from "../src/guest";
import { boot, loadSession, MiB, run, saveSession } from "../src/launcher";
import { busy } from "./busy";
import { checksum, digestTrace } from "./trace-digest";
import { trySnapshots } from "./snapshots";

const SEED = 20070301;

test(`a fresh process goes on identically (seed ${SEED})`, async () => {
  const { complaints } = await trySnapshots(2, SEED);
  assert.equal(complaints, []);
});

test("a trace changes nothing, down to the TLBs", () => {
  const guests = [{ name: "the Guest", image: firstGuest(),
    commandLine: "", memory: 4 * MiB }];
  const plain = boot({ guests }, () => {});
  const traced = boot({ guests }, () => {});
  run(plain, 100_000_000);
  const trace = digestTrace(traced.machine, [0]);
  run(traced, 100_000_000, trace.begin);
  trace.stop();
  assert.is(checksum(traced.machine.snapshot()),
    checksum(plain.machine.snapshot()));
});

test("two CPUs under a random schedule are deterministic, and resumable", () => {
  const guests = [0, 1].map((n) => ({ name: `Guest ${n}`,
    image: busy(), commandLine: "", memory: 4 * MiB }));
  const options = { guests, cpus: 2, seed: 7,
    schedule: { kind: "random", quantum: 50 } } as const;
  const whole = boot(options, () => {});
  const end = run(whole, 100_000_000);
  assert.is(end.status, 0);
  const part = boot(options, () => {});
  run(part, 77_777);
  const rest = loadSession(saveSession(part), () => {});
  assert.equal(run(rest, 100_000_000), end);
  assert.is(checksum(rest.machine.snapshot()),
    checksum(whole.machine.snapshot()));
});

test.run();
