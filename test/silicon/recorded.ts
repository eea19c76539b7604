// What Intel's processor said, written down for machines that have another
// one, or none: two bytes a case, in intel.bin.
//
// node -r ts-node/register test/silicon/recorded.ts   asks again, on Intel's

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Judge, Outcome, Selectors } from "./case";
import { canonical, describe } from "./compare";
import { segmented, sequence, single } from "./generate";
import type { Trial } from "./generate";
import type { NativeJudge } from "./native";
import { nativeJudge } from "./native";

const file = join(__dirname, "intel.bin");
const SEED = 5;

/** The line that the file begins with. */
interface Head {
  processor: string;
  selectors: Selectors;
  /** Of the cases: other cases have other answers. */
  cases: string;
}

function trials(): Trial[] {
  return ([[single, 4000], [sequence, 1000], [segmented, 2000]] as const)
    .flatMap(([make, count]) =>
      Array.from({ length: count }, (_, n) => make(SEED, n)))
    // There we don't do as Intel's: see "how long 0F 3F is" in habits.ts.
    .filter(({ parts }) => parts.every(({ encoded: { form } }) =>
      form.semantic !== "hostcall"));
}

function digestCases(all: readonly Trial[]): string {
  return createHash("sha256")
    .update(JSON.stringify(all.map((trial) => trial.case))).digest("hex");
}

function digest(trial: Trial, outcome: Outcome): number {
  return createHash("sha256")
    .update(Uint32Array.from(canonical(trial, outcome))).digest()
    .readUInt16LE();
}

/** The file, from what a processor answers. */
function record(right: NativeJudge): Buffer {
  const all = trials();
  const outcomes = right.run(all.map((trial) => trial.case));
  const processor = /^model name\s*: (.*)$/m.exec(
    readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
  const head: Head = { processor, selectors: right.selectors,
    cases: digestCases(all) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`),
    ...all.map((trial, i) => {
      const two = Buffer.alloc(2);
      two.writeUInt16LE(digest(trial, outcomes[i]!));
      return two;
    })]);
}

/** Runs the cases on a judge, our machine say: how many, and which end in
 * another way than they did on the processor. */
export function compareRecorded(
  make: (selectors: Selectors) => Judge,
): { count: number; different: string[] } {
  const bytes = readFileSync(file), end = bytes.indexOf(10);
  const head: Head = JSON.parse(bytes.subarray(0, end).toString());
  const all = trials();
  if (head.cases !== digestCases(all))
    throw new Error("intel.bin has the answers to other cases: on a machine "
      + "of Intel's, node -r ts-node/register test/silicon/recorded.ts");
  const ours = make(head.selectors).run(all.map(({ case: c }) => c));
  const different = all.filter((trial, i) => digest(trial, ours[i]!)
    !== bytes.readUInt16LE(end + 1 + 2 * i));
  return { count: all.length,
    different: different.map((trial) => `${trial.name}\n${describe(trial)}`) };
}

if (require.main === module) {
  const right = nativeJudge();
  if (typeof right === "string" || !right.isIntel) {
    console.error(typeof right === "string" ? right : "not Intel's");
    process.exit(2);
  }
  const bytes = record(right);
  writeFileSync(file, bytes);
  console.log(`${bytes.length} bytes from ${bytes.subarray(0,
    bytes.indexOf(10))}`);
}
