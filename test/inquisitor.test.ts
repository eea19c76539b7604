// The inquisitor: what a Guest can see of lguest, seen by Guests.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readFileSync } from "node:fs";
import { allInquiries, ask, hostInquiries, table } from "./inquisitor/ask";
import type { Answer, Where } from "./inquisitor/ask";
import { asksForPair, check, expect } from "./inquisitor/library";
import type { Check, Inquiry } from "./inquisitor/library";

const answers: Answer[] = [];

for (const inquiry of allInquiries)
  test(`all facts of the inquiry "${inquiry.name}" hold`, () => {
    const { answers: these, end } = ask(inquiry);
    answers.push(...these);
    const wrong = these.filter(({ said }) => said !== "ok")
      .map(({ section, fact, said }) => `${section} ${fact}: ${said}`);
    assert.equal(wrong, [], `${inquiry.name}: ${end}`);
    assert.is(end, "poweroff");
  });

/** The facts that don't hold elsewhere, and how many were asked for. */
function elsewhere(
  where: Where, inquiries: readonly Inquiry[],
  asked: (one: Check) => boolean = () => true,
): { wrong: string[]; facts: number } {
  const wrong: string[] = [];
  let facts = 0;
  for (const inquiry of inquiries) {
    const checks = inquiry.checks.filter(asked);
    if (checks.length === 0) continue;
    const { answers: these, end } = ask({ ...inquiry, checks }, where);
    facts += these.length;
    for (const { fact, said } of these)
      if (said !== "ok") wrong.push(`${fact}: ${said}`);
    if (end !== "poweroff") wrong.push(`${inquiry.name}: ${end}`);
  }
  return { wrong, facts };
}

const factsOf = (inquiries: readonly Inquiry[]) =>
  inquiries.reduce((sum, { checks }) => sum + checks.length, 0);

for (const [cpus, cpu] of [[2, 1], [4, 3]] as const)
  test(`all facts about the Host hold on CPU ${cpu} of ${cpus}`, () => {
    assert.equal(elsewhere({ cpus, cpu }, hostInquiries),
      { wrong: [], facts: factsOf(hostInquiries) });
  });

// Who is sent from CPU to CPU between two instructions sees another pair of
// pages in the middle of a question about it, and another CPU's clock. (Facts
// that end a Guest take a Guest each, and have been asked above.)
for (const [cpus, migrateEvery, inquiries] of
  [[2, 1000, hostInquiries], [4, 300, allInquiries]] as const)
  test(`on ${cpus} CPUs, one after the other, all facts hold but those about ` +
    "one CPU or an end", () => {
    const { wrong, facts } = elsewhere({ cpus, migrateEvery }, inquiries,
      (one) => !asksForPair(one) && !one.ends &&
        one.fact !== "rdtsc counts at tsc_khz");
    assert.equal(wrong, []);
    const all = factsOf(inquiries);
    assert.ok(facts > 0.7 * all, `${facts} of ${all}`);
  });

test("a fact that doesn't hold is noticed", () => {
  const { answers: [one, two], end } = ask({ name: "wrong", stage: "linear",
    checks: [check("§2.2", "cs is 0x60", expect("entry + 32", 0x60)),
      check("§2.2", "cs is 0x61", expect("entry + 32", 0x61))] });
  assert.is(one!.said, "differs: 00000061");
  assert.is(two!.said, "ok");
  assert.is(end, "poweroff");
});

test("the chapter lists every fact, and no other", () => {
  const chapter = readFileSync("chapters/940-inquisitor.md", "utf8");
  const told = [...chapter.matchAll(/^\| (§[\d.]+) \| (.*) \|$/gm)]
    .map(([, section, fact]) => `${section} ${fact!}`);
  assert.equal(told, allInquiries.flatMap(({ checks }) =>
    checks.map(({ section, fact }) => `${section} ${fact}`)));
  assert.match(chapter, `There are ${told.length}, `);
});

test("the table", () => console.log(table(answers)));

test.run();
