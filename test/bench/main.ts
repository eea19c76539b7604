// npm run bench -- [--runs N] [--only NAME,…] [--plain] [--quick] [--json]
// npm run bench -- guest [--runs N] [--quick] [--json]
//
// How fast our machine is, beside v86, QEMU and the processor itself: CPU
// time of small kernels, the best of some runs, all in turns. Status 1: two
// of them had different checksums; 2: it can't be measured. With `guest`:
// what it costs a kernel to be one. `--plain` measures our plain interpreter
// as well.
import { cpus } from "node:os";
import { option, word } from "../options";
import { contenders } from "./contenders";
import { guestTable, measureGuest } from "./guest";
import { ours } from "./emulators";
import { kernels } from "./kernels";
import type { Kernel } from "./kernels";
import { agree, Checksums, measure, runnable } from "./measure";
import type { Results } from "./measure";
import { asJson, cliffTable, plot, ratioTable } from "./report";

const flag = (name: string) => process.argv.includes(`--${name}`);

/** The kernels that were asked for. */
function chosen() {
  const only = word("only", "").split(",").filter((name) => name !== "");
  for (const name of only) {
    if (kernels.some((one) => one.name === name)) continue;
    console.error(`--only ${name}: there are ` +
      kernels.map((one) => one.name).join(", "));
    process.exit(2);
  }
  return only.length === 0 ? kernels
    : kernels.filter(({ name }) => only.includes(name));
}

// Our kinds of machine; the plain one takes as long as all others.
const kinds = Object.keys(ours)
  .filter((name) => flag("plain") || !name.endsWith("plain"));

/** The contenders; without a compiler there is nothing for them to do. */
function comeTogether() {
  try {
    return contenders(kinds);
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    process.exit(2);
  }
}

/** Says what is going on, on a terminal. */
function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

const quick = flag("quick");
const effort = { seconds: quick ? 0.02 : 0.25,
  runs: option("runs", quick ? 1 : 3) };
const processor = cpus()[0]?.model ?? "an unknown processor";
const head = `${processor}, Node ${process.version}; the best of ` +
  `${effort.runs} runs of ${effort.seconds} s or more\n`;

const printJson = (what: object) => console.log(JSON.stringify(
  { processor, node: process.version, effort, ...what }, null, 2));

function compareWorlds(): void {
  const costs = measureGuest(effort.seconds, effort.runs, tell);
  tell("");
  if (flag("json")) printJson({ tasks: Object.fromEntries(costs) });
  else console.log(`${head}\n${guestTable(costs)}`);
}

async function compareEmulators(): Promise<void> {
  const wanted = chosen();
  const { present, absent } = comeTogether();
  for (const line of absent) console.error(line);
  const checksums = new Checksums(kernels), results: Results = new Map();
  const names = present.map(({ name }) => name);
  const others = names.filter((name) => !(name in ours));
  const print = (text: string) => {
    tell("");
    if (!flag("json")) console.log(text);
  };
  print(head);
  try {
    for (const who of present) await agree(who, wanted, checksums);
    for (const [group, members] of groupsOf(wanted)) {
      for (const kernel of members) {
        const who = present.filter((one) =>
          runnable([kernel], one).length > 0);
        results.set(kernel.name,
          await measure(kernel, who, effort, checksums, tell));
      }
      if (group === "pairs") continue;
      for (const mine of kinds)
        print(ratioTable(members, results, mine, others));
    }
  } finally {
    for (const who of present) who.stop();
  }
  const cliffs = cliffTable(results, names);
  if (cliffs) print(`${cliffs}\n`);
  print(plot(wanted.filter(({ group }) => group !== "pairs"),
    results, "ours", others));
  if (flag("json")) printJson({ kernels: asJson(wanted, results) });
}

/** Kernels by group, in the order in which the groups begin. */
function groupsOf(all: readonly Kernel[]) {
  return [...new Set(all.map(({ group }) => group))].map((group) =>
    [group, all.filter((one) => one.group === group)] as const);
}

async function main(): Promise<void> {
  if (process.argv[2] === "guest") compareWorlds();
  else await compareEmulators();
}

main().catch((error: Error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});
