// What Intel's processor said, written down for machines that have another
// one, or none.
//
// node -r ./test/ready.cjs test/silicon/recorded.ts   asks again, on Intel's
//
// intel.bin is a line of JSON, which says what was asked, and three bytes a
// case: 12 bits of a checksum of the case, so that an answer is never held
// against another question, and 12 of one of the answer. Where both are zero
// nobody was asked.

import { createHash } from "node:crypto";
import type { BinaryLike } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { forms } from "../../src/table";
import type { Form } from "../../src/table";
import {
  randomBreaks, stopsOfOurs, stopsOfProcessor, whyNoStops,
} from "./breaks";
import type { BreakCase, BreakStop } from "./breaks";
import type { Judge, Outcome, Selectors } from "./case";
import { canonical, describe } from "./compare";
import { everything, judged, repertoireOf } from "./forms";
import { segmented, sequence, single } from "./generate";
import type { Trial } from "./generate";
import { openFor } from "./habits";
import { nativeJudge } from "./native";
import { OurJudge } from "./ours";

const file = join(__dirname, "intel.bin");

/** How many cases of each sort, in the order of the file. */
export interface Order {
  single: number;
  sequence: number;
  segmented: number;
  breaks: number;
}

/** What is asked where there is somebody to ask. */
export const order: Order =
  { single: 20_000, sequence: 12_000, segmented: 17_000, breaks: 2_000 };

/** The line that the file begins with. */
interface Head {
  processor: string;
  selectors: Selectors;
  seed: number;
  order: Order;
  /** Opcodes of the forms that the cases are made of. New rows of the table
   * are not among them, and change no case. */
  forms: string[];
}

/** Who can answer. */
export interface Witness {
  judge: Judge;
  /** Undefined: nobody knows. */
  stops(cases: readonly BreakCase[]): (readonly BreakStop[] | undefined)[];
}

/** Our machine as a witness, in a process with these selectors. */
export function ourselves(selectors: Selectors): Witness {
  return { judge: new OurJudge(selectors),
    stops: (cases) => cases.map(stopsOfOurs) };
}

/** A case and what became of it; 0 if the answer says nothing about us. */
interface Answer {
  name: string;
  text: () => string;
  forms: readonly Form[];
  check: number;
  answer: number;
}

const makers = { single, sequence, segmented };

function twelve(data: BinaryLike): number {
  return createHash("sha256").update(data).digest().readUInt16LE() & 0xfff;
}

/** Asks everything that the head orders. */
function askAll(head: Head, witness: Witness): Answer[] {
  const { seed, order } = head, { judge } = witness;
  const repertoire = repertoireOf(head.forms.map(known));
  const answers: Answer[] = [];
  for (const sort of ["single", "sequence", "segmented"] as const) {
    const trials = Array.from({ length: order[sort] }, (_, n) =>
      makers[sort](seed, n, repertoire));
    const outcomes = judge.run(trials.map((trial) => trial.case));
    trials.forEach((trial, i) => answers.push({
      name: trial.name, text: () => describe(trial),
      forms: trial.parts.map(({ encoded: { form } }) => form),
      check: twelve(JSON.stringify(trial.case)),
      answer: saysNothing(judge, trial, outcomes[i]!) ? 0
        : twelve(Uint32Array.from(canonical(trial, outcomes[i]!))),
    }));
  }
  const cases = Array.from({ length: order.breaks }, (_, n) =>
    randomBreaks(seed, n));
  const stops = witness.stops(cases);
  cases.forEach((c, i) => {
    const text = JSON.stringify(c), seen = stops[i];
    answers.push({ name: `breaks ${i} of seed ${seed}`, text: () => text,
      forms: [], check: twelve(text),
      answer: seen ? twelve(JSON.stringify(seen)) : 0 });
  });
  return answers;
}

function known(opcode: string): Form {
  const form = forms.find((form) => form.opcode === opcode);
  if (!form)
    throw new Error(`intel.bin asks about ${opcode}, which the table has no `
      + "more: on a machine of Intel's, node -r ./test/ready.cjs "
      + "test/silicon/recorded.ts");
  return form;
}

/** Whether a judge's answer is about something that we do in our own way. */
function saysNothing(
  judge: Judge, trial: Trial, outcome: Outcome,
): boolean {
  return openFor(judge, trial, outcome) !== undefined
    // There we don't do as Intel's: see "how long 0F 3F is" in habits.ts.
    || trial.parts.some(({ encoded: { form } }) =>
      form.semantic === "hostcall");
}

/** The file, from what a witness answers; twice, and what it doesn't say
 * twice it hasn't said. */
export function record(
  processor: string, selectors: Selectors, witness: Witness,
  order: Order, about = everything,
): Buffer {
  const head: Head = { processor, selectors, seed: 5, order,
    forms: about.judged.map((form) => form.opcode) };
  const once = askAll(head, witness), twice = askAll(head, witness);
  const bytes = Buffer.alloc(3 * once.length);
  once.forEach(({ check, answer }, i) => {
    if (answer === 0 || answer !== twice[i]!.answer) return;
    bytes.writeUIntLE(check | answer << 12, 3 * i, 3);
  });
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]);
}

/** What a comparison with the file found. */
export interface Comparison {
  processor: string;
  /** Cases whose answers are in the file, and those of them compared. */
  recorded: number;
  compared: number;
  /** Cases that end in another way than they did on the processor. */
  different: string[];
  /** Opcodes whose cases have become others since then, and those that came
   * later. */
  changed: string[];
  later: string[];
}

/** Asks a witness, our machine say, what the processor was asked. */
export function compareRecorded(
  make: (selectors: Selectors) => Witness, bytes: Buffer = readFileSync(file),
): Comparison {
  const end = bytes.indexOf(10);
  const head: Head = JSON.parse(bytes.subarray(0, end).toString());
  const result: Comparison = { processor: head.processor, recorded: 0,
    compared: 0, different: [], changed: [], later: judged
      .map((form) => form.opcode).filter((one) => !head.forms.includes(one)) };
  const changed = new Set<Form>();
  askAll(head, make(head.selectors)).forEach((mine, i) => {
    const word = bytes.readUIntLE(end + 1 + 3 * i, 3);
    if (word === 0) return;
    result.recorded++;
    if ((word & 0xfff) !== mine.check)
      return mine.forms.forEach((form) => changed.add(form));
    result.compared++;
    if (word >>> 12 !== mine.answer)
      result.different.push(`${mine.name}\n${mine.text()}`);
  });
  result.changed = [...changed].map((form) => form.opcode);
  return result;
}

/** What a comparison found, in a few lines. */
export function tellRecorded(found: Comparison): string {
  const { recorded, compared, different, changed, later } = found;
  const again = "; ask again on a machine of Intel's";
  return [
    `what ${found.processor} said of ${recorded} cases, ${compared} of them `
    + `compared: ${different.length} differences`,
    ...changed.length > 0 ? [`other cases by now of ${changed.slice(0, 9)
      .join(", ")}${changed.length > 9 ? " …" : ""}${again}`] : [],
    ...later.length > 0 ? [`never asked about ${later.join(", ")}${again}`]
      : [],
  ].join("\n");
}

function main(): number {
  const right = nativeJudge();
  if (typeof right === "string" || !right.isIntel) {
    console.error(typeof right === "string" ? right
      : "this processor isn't Intel's, as whose ours does");
    return 2;
  }
  const why = whyNoStops();
  if (why !== undefined)
    console.log(`no breakpoints: ${why}`);
  const processor = /^model name\s*: (.*)$/m.exec(
    readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
  const bytes = record(processor, right.selectors, { judge: right,
    stops(cases) {
      const stops = why ?? stopsOfProcessor(cases);
      return typeof stops === "string" ? cases.map(() => undefined) : stops;
    } }, order);
  writeFileSync(file, bytes);
  console.log(`${bytes.length} bytes`);
  const found = compareRecorded(ourselves);
  console.log([...found.different.slice(0, 10), tellRecorded(found)]
    .join("\n"));
  return found.different.length > 0 ? 1 : 0;
}

if (require.main === module)
  process.exit(main());
