// The full comparison of the back ends, and what it has tried:
// full.ts [--instructions N] [--seed N] [--from N] [--each N] [--least N]
import { parseArgs } from "node:util";
import { forms } from "../../src/table";
import { first, second } from "./backends";
import { Coverage } from "./coverage";
import { drive } from "./drive";

const { values } = parseArgs({ options: {
  instructions: { type: "string", default: "20000000" },
  seed: { type: "string", default: "1" },
  from: { type: "string", default: "0" },
  each: { type: "string", default: "100000" },
  least: { type: "string", default: "100" },
} });

const coverage = new Coverage();
coverage.install();
const report = drive({
  seed: Number(values.seed), from: Number(values.from),
  instructions: Number(values.instructions), each: Number(values.each),
  coverage,
}, first, second);

const { counts, vectors, instructions: all } = coverage;
const share = (n: number) => `${(100 * n / all).toFixed(1)} %`;
const of = (name: string) => counts.get(name) ?? 0;
const sorted = <K>(map: Map<K, number>) => [...map].sort((a, b) =>
  String(a[0]) < String(b[0]) ? -1 : 1);
console.log(`${all} instructions, ${coverage.programs} programs, seed ${
  values.seed} from ${values.from}, ${coverage.shutdowns} shutdowns`);
console.log(`faults by vector: ${[...vectors].sort((a, b) => a[0] - b[0])
  .map(([vector, n]) => `${vector}: ${n}`).join(", ")}`);
console.log(`${of("event cr3")} cr3 loads, ${of("ring changes")
  } ring changes, ${of("stores into code pages")} code drops`);
for (const [name, n] of coverage.properties())
  console.log(`  ${String(n).padStart(9)} ${share(n).padStart(7)}  ${name}`);
for (const [name, n] of sorted(counts))
  console.log(`  ${String(n).padStart(9)}  ${name}`);
console.log(`themes by programs: ${sorted(coverage.themes)
  .map(([name, n]) => `${name} ${n}`).join(", ")}`);

const least = Number(values.least), mnemonics = new Map<string, number>();
for (const { id, mnemonic } of forms)
  mnemonics.set(mnemonic,
    (mnemonics.get(mnemonic) ?? 0) + coverage.forms[id]!);
const rare = sorted(mnemonics).filter(([, n]) => n < least);
console.log(`${mnemonics.size - rare.length} of ${mnemonics.size} mnemonics ${
  least} times or more; ${forms.filter(({ id }) =>
  coverage.forms[id]! >= least).length} of ${forms.length} forms`);
console.log(`less often: ${rare.map(([name, n]) => `${name} ${n}`)
  .join(", ")}`);
if (report) console.error(report.text);
process.exitCode = report ? 1 : 0;
