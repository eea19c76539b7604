// npm run hunt -- [--seeds N] [--budget N]
//
// What becomes of Guests, and of the Host, if PGE is turned off on all CPUs
// or on one: counted over places, TLBs, pages, kernels and seeds. Status 0:
// what failed had met a CPU that kept PGE, and a Guest's store has killed a
// Host; 1: look at the lines that say NO.
import { option } from "../options";
import { staleText } from "../../src/debug";
import { experiment, hostPages, measured, outcomes, pges, places, shapesOf,
  staleUses, tlbs } from "./cells";
import type { Cell, Outcome, Shape } from "./cells";

const seeds = option("seeds", 3), budget = option("budget", 8_000_000);
const shapes = [...shapesOf("first"), ...shapesOf("default")];
const count = new Map<string, number>();
const wrong: string[] = [];
let runs = 0, instructions = 0, told = false;
const all = shapes.length * pges.length * hostPages.length * tlbs.length *
  places.length * seeds;

const nameOf = (cell: Cell) => `${cell.shape.name}, ${cell.pge}, ` +
  `${cell.place}, ${cell.tlb}, ${cell.hostPages}`;

function note(cell: Cell, seed: number): Outcome {
  const { outcome, end, exposed } = experiment(cell, seed, budget);
  runs++;
  instructions += end.instructions;
  for (const key of [outcome, `${cell.pge} ${cell.place} ${cell.tlb} ` +
    `${cell.hostPages} ${outcome}`])
    count.set(key, (count.get(key) ?? 0) + 1);
  if (outcome !== "fine" && !exposed)
    wrong.push(`NO  ${nameOf(cell)}, seed ${seed}: ${end.sentences[0]}`);
  if (process.stderr.isTTY && runs % 8 === 0)
    process.stderr.write(`\r${runs} of ${all} runs `);
  return outcome;
}

/** The first Host that a Guest's store has killed, in full. */
function tell(cell: Cell, seed: number): void {
  const uses = staleUses(cell, seed, budget);
  const [first] = uses;
  if (first?.access !== "store" || first.ring !== 1) return;
  told = true;
  const { end } = experiment(cell, seed, budget);
  console.log(["", `A store kills the Host (${nameOf(cell)}, seed ${seed}):`,
    staleText(first), ...end.sentences, ""].join("\n"));
}

function row(shape: Shape, pge: Cell["pge"], pages: Cell["hostPages"]): void {
  const cells = tlbs.map((tlb) => places.map((place) => {
    const cell = { shape, pge, place, tlb, hostPages: pages };
    let marks = "";
    for (let seed = 1; seed <= seeds; seed++) {
      const outcome = note(cell, seed);
      marks += outcomes[outcome];
      if (outcome === "oops" && !told) tell(cell, seed);
    }
    return marks.padEnd(8);
  }).join(""));
  console.log(`${shape.name.padEnd(27)}${pge.padEnd(9)}${pages}  ` +
    cells.join("| ").trimEnd());
}

const began = Date.now();
console.log(`${"".padEnd(40)}${tlbs.map((tlb) => tlb.padEnd(32)).join("| ")}`);
console.log(`${"kernel @text/stack".padEnd(27)}PGE off  page  ` +
  tlbs.map(() => places.map((place) => place.slice(0, 7).padEnd(8)).join(""))
    .join("| "));
for (const shape of shapes)
  for (const pge of pges)
    for (const pages of hostPages) row(shape, pge, pages);

console.log(`\n. fine, K the Guest was killed or broken, O the Host oopsed, ` +
  "H nothing ended\n");
const of = (key: string) => Object.keys(outcomes).map((outcome) =>
  `${String(count.get(`${key} ${outcome}`) ?? 0).padStart(4)} ${outcome}`)
  .join(", ");
for (const pge of pges)
  for (const place of places)
    for (const tlb of tlbs)
      for (const pages of hostPages)
        console.log(`${pge.padEnd(9)} ${place.padEnd(10)} ` +
          `${tlb.padEnd(16)} ${pages} ` +
          `${of(`${pge} ${place} ${tlb} ${pages}`)}; a real kernel: ` +
          measured({ pge, place, tlb, hostPages: pages }));
if (!told) wrong.push("NO  no Host was killed by a Guest's store");
for (const line of wrong) console.log(line);
console.log(`${runs} runs, ${(instructions / 1e6).toFixed(0)} million ` +
  `instructions, ${((Date.now() - began) / 1000).toFixed(0)} s; ` +
  Object.keys(outcomes).map((one) => `${count.get(one) ?? 0} ${one}`)
    .join(", "));
process.exitCode = wrong.length > 0 ? 1 : 0;
