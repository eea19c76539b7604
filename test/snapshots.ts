// Snapshots at random instruction counts, restored in fresh processes:
// the rest of the run has to be the same, to the last bit of the block.
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { busy } from "./busy";
import { boot, MiB, run, saveSession } from "../src/launcher";
import { checksum, digestTrace } from "./trace-digest";

const LIMIT = 100_000_000;

function session(print: (bytes: Uint8Array) => void) {
  const guest = { name: "the Guest", image: busy(),
    commandLine: "snapshot", memory: 4 * MiB };
  return boot({ guests: [guest] }, print);
}

/** Numbers from a seed (mulberry32), 0 to 1. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Tries so many counts, two processes at a time; returns complaints. */
export async function trySnapshots(n: number, seed: number) {
  const total = run(session(() => {}), LIMIT).instructions;
  const next = random(seed);
  const counts = [0, ...Array.from({ length: n }, () =>
    1 + Math.floor(next() * (total - 1))).sort((a, b) => a - b)];

  // The run without any interruption, and what it says from when on.
  const said: { at: number; text: string }[] = [];
  const whole = session((bytes) => void said.push({
    at: whole.machine.count, text: Buffer.from(bytes).toString("latin1") }));
  const trace = digestTrace(whole.machine, counts);
  const end = run(whole, LIMIT, trace.begin);
  trace.stop();
  const block = checksum(whole.machine.snapshot());

  const dir = fs.mkdtempSync(join(os.tmpdir(), "lguest-snapshots-"));
  const complaints: string[] = [];
  let shown = 0;
  const parts = session((bytes) => void (shown += bytes.length));
  const jobs = counts.slice(1).map((count, i) => {
    run(parts, count);
    const file = join(dir, `${i}.snapshot`);
    fs.writeFileSync(file, saveSession(parts));
    const text = said.map((s) => s.text).join("").slice(shown);
    const expected = JSON.stringify({ trace: trace.rest(i + 1), said: text,
      block, end: [end.status, ...end.sentences] });
    return { count, file, expected };
  });
  const worker = async () => {
    for (let job = jobs.pop(); job; job = jobs.pop()) {
      const { count, file, expected } = job;
      const got = await child(file, jobs.length % 2 ? "plain" : "generated");
      fs.unlinkSync(file);
      if (got !== expected) {
        complaints.push(`seed ${seed}, at ${count}: got ${got}, ` +
          `expected ${expected}`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  fs.rmSync(dir, { recursive: true });
  return { total, counts: counts.slice(1), complaints };
}

// It goes on with the other interpreter as well as with the same.
function child(file: string, interpreter: string): Promise<string> {
  const args = ["-r", "./test/ready.cjs",
    join(__dirname, "snapshot-child.ts"), file, "--interpreter", interpreter];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: join(__dirname, "..") },
      (error, stdout, stderr) =>
        resolve(error ? `a crash: ${firstError(stderr)}` : stdout.trim()));
  });
}

function firstError(stderr: string): string {
  return /^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.slice(0, 200);
}
