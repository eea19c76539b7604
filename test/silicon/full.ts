// node -r ./test/ready.cjs test/silicon/full.ts
//   [--cases N] [--sequences N] [--segmented N] [--breaks N]
//   [--seed N] [--from N] [--reports N]
//
// The long comparison with the processor. Status 0: no difference; 1: some;
// 2: nobody has installed what asks it. Where there is no 32-bit processor to
// ask, what one has said before is all that there is.

import "../back-end";
import { option } from "../options";
import { compareBreaks } from "./breaks";
import { whyNotRun } from "./compile";
import { drive, summary } from "./drive";
import { nativeJudge } from "./native";
import { OurJudge } from "./ours";
import { compareRecorded, ourselves, tellRecorded } from "./recorded";

const found = compareRecorded(ourselves);
console.log([...found.different, tellRecorded(found), ""].join("\n"));
const why = whyNotRun();
if (why !== undefined) {
  console.log(`no processor is asked: ${why}`);
  process.exit(found.different.length > 0 ? 1 : 0);
}
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
process.exit(found.different.length > 0
  || tally.different + breaks.different > allowed ? 1 : 0);
