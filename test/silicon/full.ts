// node -r ts-node/register test/silicon/full.ts
//   [--cases N] [--sequences N] [--segmented N] [--breaks N]
//   [--seed N] [--from N] [--reports N]
//
// The long comparison with the processor. Status 0: no difference; 1: some;
// 2: this system has no judge.

import { option } from "../options";
import { compareBreaks } from "./breaks";
import { drive, summary } from "./drive";
import { nativeJudge } from "./native";
import { OurJudge } from "./ours";

const right = nativeJudge();
if (typeof right === "string") {
  console.error(right);
  process.exit(2);
}
const cases = option("cases", 200_000);
const seed = option("seed", 1);
const segmented = option("segmented", cases);
if (!right.isIntel && segmented)
  console.log("not Intel's: nothing is asked among segments of one's own");
const tally = drive({
  seed, singles: cases, sequences: option("sequences", cases >> 2),
  segmented: right.isIntel ? segmented : 0,
  from: option("from", 0), reports: option("reports", 10),
}, right, new OurJudge(right.selectors));
for (const report of tally.reports)
  console.log(report + "\n");
console.log(`seed ${seed}`);
console.log(summary(tally));
const breaks = right.isIntel ? compareBreaks(seed, option("breaks", 3000))
  : { text: "not Intel's: debug registers weren't asked", different: 0 };
console.log(breaks.text);
const allowed = right.allowance * (cases + tally.sequences) / 1000;
process.exit(tally.different + breaks.different > allowed ? 1 : 0);
