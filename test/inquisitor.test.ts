// The inquisitor: what a Guest can see of lguest, seen by Guests.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readFileSync } from "node:fs";
import { allInquiries, ask, table } from "./inquisitor/ask";
import type { Answer } from "./inquisitor/ask";
import { check, expect } from "./inquisitor/library";

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
});

test("the table", () => console.log(table(answers)));

test.run();
