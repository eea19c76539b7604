// A sample of the hunt: what fails has met a CPU that kept PGE, and a
// Guest's store kills a Host.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../src/cli/main";
import type { StaleUse } from "../src/debug";
import { experiment, places, pges, shapesOf, staleUses, tlbs }
  from "./hunt/cells";
import type { Cell, Seen } from "./hunt/cells";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

const test = suite("the hunt");

const seed = 1, budget = 100_000;
const shapes = shapesOf("first");
const sample = [["first, as it is", "4m"],
  ["first @c0130000/c0110100", "4k"],
  ["first @c0400000/c0119000", "4m"]] as const;

function* cells(): Generator<Cell> {
  for (const [name, pages] of sample)
    for (const pge of pges)
      for (const tlb of tlbs.slice(1, pge === "all-cpus" ? 2 : 3))
        for (const place of pge === "all-cpus" ? places.slice(3) : places)
          yield { shape: shapes.find((one) => one.name === name)!, pge,
            place, tlb, hostPages: pages };
}

/** What was stale in a run that has failed, the first of it first. */
const first = new Map<Cell, StaleUse | undefined>();
const all: { cell: Cell; seen: Seen; name: string }[] = [];
test.before(() => {
  for (const cell of cells())
    all.push({ cell, seen: experiment(cell, seed, budget),
      name: `${cell.shape.name}, ${cell.pge}, ${cell.place}, ${cell.tlb}, ` +
        `${cell.hostPages}, seed ${seed}` });
});

test("nothing fails but after a CPU that kept PGE, and honours it", () => {
  for (const { seen, name } of all)
    if (!seen.exposed) assert.is(seen.outcome, "fine",
      `${name}: ${seen.end.sentences.join("; ")}`);
  assert.ok(all.some(({ seen }) => !seen.exposed));
});

test("what is exposed to it fails, and where it fails something was stale",
  () => {
    const failed = all.filter(({ seen }) => seen.outcome !== "fine");
    assert.ok(failed.length >= 6, `${failed.length} have failed`);
    for (const { cell, seen, name } of failed) {
      const [use] = staleUses(cell, seed, budget);
      first.set(cell, use);
      assert.ok(use && use.entry.bits & 0x100 && use.cause === "kept",
        `${name}: no global entry was used`);
      assert.ok(use.count <= seen.end.instructions, name);
    }
  });

test("a Host dies of a Guest's store, and of nothing that came before", () => {
  const died = all.filter(({ seen }) => seen.outcome === "oops");
  const byStore = died.filter(({ cell }) => {
    const use = first.get(cell);
    return use?.access === "store" && use.ring === 1;
  });
  assert.ok(byStore.length > 0);
  for (const { cell, name } of byStore)
    assert.is.not(cell.shape, shapes[0], `${name}: that one is only killed`);
});

const runIt = (words: string, files: Files = {}) => {
  const { io, out, err } = memoryIo(files);
  const status = main(["run", ...words.split(" ")], io);
  return { status, out: out(), err: err() };
};

test("a kernel's name links it, and a run file knows the name", () => {
  const files: Files = {};
  const first = runIt("--memory 4 --kernel default@0xc0130000/0xc0110100 " +
    "--cpus 2 --pin 1 --pge this-cpu --host-pages 4k --record hunt.run", files);
  assert.is(first.status, 3);
  assert.match(first.err, "descriptor 0x50 of CPU 1 is damaged: c01300c8");
  assert.equal(runIt("--replay hunt.run", files), first);
});

test("a Guest that is linked elsewhere has its names there", () => {
  const { io } = memoryIo({}), files: Files = {};
  const replace = (path: string, bytes: Uint8Array) => {
    files[path] = bytes;
  };
  const words = "symbols -o b.elf --world guest --kernel " +
    "default@0xc0130000/0xc0110100";
  assert.is(main(words.split(" "), { ...io, replace }), 0);
  const moved = Buffer.from(Uint32Array.of(0xc01300bd).buffer);
  assert.ok(Buffer.from(files["b.elf"]!).includes(moved));
  assert.is(main([...words.split(" ").slice(0, 3), "--kernel", "x"], io), 2);
});

test("an address that can't be linked at is one line", () => {
  for (const [name, why] of [
    ["default@0xc0130000", "write default@TEXT/STACK"],
    ["default@0xc0130000/0xc0130010", "ends at or below its text"],
    ["default@0xc0130004/0xc0110100", "at a page"],
    ["default@0xc0130000/0xc0110104", "a multiple of 16"],
    ["default@0xffff0000/0xc0110100", "0xF0000000"],
    ["default@0xc4000000/0xc0110100", "is too big"],
  ] as const) {
    const { status, out, err } = runIt(`--memory 4 --kernel ${name}`);
    assert.is(status, 2, name);
    assert.match(err, /^lguest: [^\n]*\n$/);
    assert.match(err, why);
    assert.is(out, "");
  }
});

test.run();
