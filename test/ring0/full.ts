// node -r ./test/ready.cjs test/ring0/full.ts
//   [--instructions N] [--cases N] [--seed N] [--from N] [--reports N]
//   [--judge bochs|qemu]
//
// The long comparison of what only kernels may do. Status 0: no unexplained
// difference; 1: some; 2: nobody to compare with.

import "../back-end";
import { option } from "../options";
import { Bochs } from "./bochs";
import { drive, summary } from "./drive";
import { OurMachine } from "./ours";
import { Qemu } from "./qemu";

const right = process.argv.includes("qemu") ? new Qemu() : new Bochs();
const cases = option("cases", 0);
const order = {
  seed: option("seed", 1), from: option("from", 0),
  reports: option("reports", 10),
  ...cases > 0 ? { cases }
    : { instructions: option("instructions", 200_000) },
};
drive(order, right, new OurMachine()).then(tally => {
  for (const report of tally.reports)
    console.log(report + "\n");
  console.log(`${right.name}, seed ${order.seed}`);
  console.log(summary(tally));
  process.exitCode = tally.different > 0 ? 1 : 0;
}, (error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
