// node -r ./test/ready.cjs test/soak.ts
//   [--seeds N] [--seed N] [--jobs N] [--guests N] [--cpus N] [--load N]
//   [--every N] [--most N]
//
// Six Guests on four CPUs beside two Host programs, sent on again and again,
// under random schedules, with both checkers looking on. A line for each
// seed. Status 0: all ended well, and nobody had to report anything; 1: look
// at the lines that say NO; 2: a job broke down.
import "./back-end";
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { checkLocks, checkTlb, staleText } from "../src/debug";
import { defaultGuest } from "../src/guest";
import { freePages, loadOutcome } from "../src/host";
import { boot, run } from "../src/launcher";
import { option } from "./options";

const MiB = 1024 * 1024;
const seeds = option("seeds", 100), first = option("seed", 1);
const guests = option("guests", 6), cpus = option("cpus", 4);
const load = option("load", 2), every = option("every", 20_000);
const most = option("most", 40_000_000);
const jobs = Math.max(1, option("jobs", availableParallelism()));

/** What is wrong after a run, and what it took. */
interface Run {
  readonly seed: number;
  readonly wrong: readonly string[];
  readonly instructions: number;
  readonly switches: number;
  readonly moves: number;
  /** CPUs on which each vcpu was seen, the fewest of all. */
  readonly seen: number;
  readonly rounds: number;
}

function soak(seed: number): Run {
  const quantum = [20, 200, 2000][seed % 3]!;
  const image = defaultGuest(), memory = 4 * MiB;
  const session = boot({ cpus, seed, hostLoad: load, migrateEvery: every,
    schedule: { kind: "random", quantum },
    guests: Array.from({ length: guests }, (_, n) =>
      ({ name: `Guest ${n + 1}`, image, memory, commandLine: "" })) });
  const { machine } = session, wrong: string[] = [];
  checkLocks(machine, (sentence) => wrong.push(`locks: ${sentence}`));
  checkTlb(machine, (use) => wrong.push(`tlb: ${staleText(use)}`));
  const seen = session.options.guests.map(() => new Set<number>());
  const last: number[] = [];
  let moves = 0;
  machine.events.on((event) => {
    if (event.kind !== "switch") return;
    const guest = Number(event.guest);
    seen[guest]!.add(event.cpu);
    if (last[guest] !== undefined && last[guest] !== event.cpu) moves++;
    last[guest] = event.cpu;
  });
  const end = run(session, most), { now, boot: before } = freePages(machine);
  const programs = loadOutcome(machine), fewest =
    Math.min(...seen.map((set) => set.size));
  if (end.status !== 0) wrong.push(...end.sentences);
  if (now !== before) wrong.push(`${before - now} pages are missing`);
  if (fewest < Math.min(2, cpus)) wrong.push("a vcpu stayed on one CPU");
  if (programs.length !== load || programs.some((one) =>
    one.state !== "told" || one.rounds === 0))
    wrong.push(`the load: ${JSON.stringify(programs)}`);
  return { seed, wrong, instructions: end.instructions, moves, seen: fewest,
    switches: end.guests.reduce((sum, one) => sum + one.worldSwitches, 0),
    rounds: programs.reduce((sum, one) => sum + one.rounds, 0) };
}

const line = (cells: readonly (string | number)[]) =>
  cells.map((cell) => String(cell).padStart(12)).join("");

/** Every so-manieth of the seeds, in a process of its own. */
function job(n: number): Promise<Run[]> {
  const child = spawn(process.execPath, [...process.execArgv, __filename,
    ...process.argv.slice(2), "--job", String(n + 1), "--jobs", String(jobs)],
    { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part: string) => { text += part; });
  return new Promise((resolve, reject) => {
    child.on("close", (status) => status === 0 ? resolve(JSON.parse(text))
      : reject(new Error(`job ${n + 1}: status ${status}`)));
  });
}

function show(runs: readonly Run[]): void {
  console.log(line(["seed", "instructions", "switches", "moves", "CPUs seen",
    "load rounds", "well?"]));
  for (const one of runs) {
    console.log(line([one.seed, one.instructions, one.switches, one.moves,
      one.seen, one.rounds, one.wrong.length === 0 ? "yes" : "NO"]));
    for (const text of one.wrong) console.log(text);
  }
  const sum = (of: "instructions" | "switches" | "moves" | "rounds") =>
    runs.reduce((all, one) => all + one[of], 0);
  console.log(line(["all", sum("instructions"), sum("switches"),
    sum("moves"), Math.min(...runs.map(({ seen }) => seen)), sum("rounds"),
    runs.filter(({ wrong }) => wrong.length === 0).length]));
}

async function all(): Promise<void> {
  const parts = await Promise.all(Array.from({ length: jobs }, (_, n) =>
    job(n)));
  const runs = parts.flat().sort((a, b) => a.seed - b.seed);
  show(runs);
  process.exitCode = runs.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
}

const mine = option("job", 0);
if (mine > 0) {
  const runs: Run[] = [];
  for (let n = mine - 1; n < seeds; n += jobs) runs.push(soak(first + n));
  console.log(JSON.stringify(runs));
} else void all().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});
