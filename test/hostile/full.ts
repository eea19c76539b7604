// node -r ./test/ready.cjs test/hostile/full.ts
//   [--guests N] [--seed N] [--jobs N] [--reports N] [--cpus N]
//   [--every N] [--family kernels|drivers]
//
// The long run of the hostile set, on all processors. What comes out does
// not depend on how many there are. The machine has --cpus, and sends its
// Guests to the next one --every so many instructions. Status 0: nobody was harmed; 1: somebody
// was, and the first seeds say whom; 2: a job broke down.
import "../back-end";
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { option, word } from "../options";
import { drive, families, merge, summary } from "./drive";
import type { Family, Tally } from "./drive";
import { Stage } from "./stage";

const guests = option("guests", 100_000), seed = option("seed", 1);
const jobs = Math.max(1, option("jobs", availableParallelism()));
const reports = option("reports", 10);
const cpus = option("cpus", 1), every = option("every", 0) || Infinity;
const family = word("family", "kernels") as Family;
if (!families[family]) {
  console.error(`--family is one of ${Object.keys(families).join(", ")}`);
  process.exit(2);
}

/** Some of the seeds, in a process of their own: what it found, and its
 * seconds of CPU time. */
function job(first: number, count: number): Promise<[Tally, number]> {
  const child = spawn(process.execPath, [...process.execArgv, __filename,
    "--job", "1", "--seed", String(first), "--guests", String(count),
    "--reports", String(reports), "--cpus", String(cpus),
    "--every", String(every === Infinity ? 0 : every), "--family", family,
    "--interpreter", word("interpreter", "generated")], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part: string) => { text += part; });
  return new Promise((resolve, reject) => {
    child.on("close", (status) => {
      if (status !== 0)
        return reject(new Error(`seeds from ${first}: status ${status}`));
      const { ends, seconds, ...rest } = JSON.parse(text);
      resolve([{ ...rest, ends: new Map(ends) }, seconds]);
    });
  });
}

async function all(): Promise<void> {
  const share = Math.ceil(guests / jobs), parts: Promise<[Tally, number]>[] = [];
  for (let n = 0; n < guests; n += share)
    parts.push(job(seed + n, Math.min(share, guests - n)));
  const done = await Promise.all(parts);
  const tally = merge(done.map(([part]) => part), reports);
  for (const report of tally.reports) console.log(report + "\n");
  console.log(`seeds from ${seed}`);
  console.log(summary(tally));
  const seconds = done.reduce((sum, [, s]) => sum + s, 0);
  console.log(`${Math.round(seconds)} s of CPU time in ${parts.length} ` +
    `process${parts.length === 1 ? "" : "es"}`);
  process.exitCode = tally.failed > 0 ? 1 : 0;
}

if (option("job", 0)) {
  const tally = drive({ guests, seed, reports, family }, new Stage({ cpus, every }));
  const seconds = process.cpuUsage().user / 1e6;
  console.log(JSON.stringify({ ...tally, ends: [...tally.ends], seconds }));
} else void all().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});
