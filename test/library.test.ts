// The package as a library: what its first functions say to those who call
// them from plain JavaScript, and what README.md shows of it.
import * as fs from "node:fs";
import { resolve } from "node:path";
import { ModuleKind, ScriptTarget, transpile } from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as lguest from "../src";

const test = suite("library");

/** What plain JavaScript may call, however wrong it is. */
const loose = lguest as unknown as
  Record<string, (...given: unknown[]) => unknown>;

function told(name: string, ...given: unknown[]): string {
  try {
    loose[name]!(...given);
    return "nothing";
  } catch (error) {
    return String(error);
  }
}

test("who leaves out what can't be guessed is told what is missing", () => {
  const guest = { name: "g", image: new Uint8Array(1), commandLine: "",
    memory: 1 << 20 };
  const boot = "TypeError: boot takes { guests: [...] }; bootDefault() needs " +
    "nothing, and boots the default Guest";
  const elf = "TypeError: writeElf takes a list of segments, each of bytes, " +
    "paddr and vaddr, and the address of the entry";
  const disassemble =
    "TypeError: disassemble takes bytes, or a function of an index";
  const trace = "TypeError: traceTo takes a machine, and a function for lines";
  const bytes = new Uint8Array(1);
  for (const [line, name, ...given] of [
    [boot, "boot"], [boot, "boot", {}], [boot, "boot", { guests: guest }],
    ...(["name", "image", "commandLine", "memory"] as const).map((key) =>
      [`TypeError: the Guest at guests[1] has no ${key}`, "boot",
        { guests: [guest, { ...guest, [key]: undefined }] }] as const),
    ["TypeError: run takes what boot() gives", "run"],
    ["TypeError: run takes what boot() gives", "run", {}],
    ["TypeError: runMetal takes what bootMetal() gives", "runMetal"],
    ["TypeError: runMetal takes what bootMetal() gives", "runMetal", {}],
    ["TypeError: assemble takes a text", "assemble"],
    ["TypeError: assemble takes a text", "assemble", {}],
    [disassemble, "disassemble"], [disassemble, "disassemble", {}],
    [disassemble, "disassemble", "nop"],
    [elf, "writeElf"], [elf, "writeElf", {}, 0], [elf, "writeElf", [{}], 0],
    [elf, "writeElf", [null], 0], [elf, "writeElf", []],
    [elf, "writeElf", [{ bytes, paddr: 0 }], 0],
    [elf, "writeElf", [{ bytes, vaddr: 0 }], 0],
    [elf, "writeElf", [{ paddr: 0, vaddr: 0 }], 0],
    [trace, "traceTo"], [trace, "traceTo", {}],
    [trace, "traceTo", new lguest.Machine()],
  ] as const) assert.is(told(name, ...given), line);
});

test("what can be guessed needn't be said", () => {
  const { text } = lguest.disassemble(lguest.assemble("nop").bytes);
  assert.is(text, "nop");
  assert.is(lguest.bootMetal({ memory: undefined }).machine.ramSize, 16 << 20);
  const file = lguest.writeElf([], 0x1234);
  assert.is(new DataView(file.buffer).getUint32(24, true), 0x1234);
  const session = lguest.boot({ guests: [{ name: "the Guest", commandLine: "",
    image: lguest.defaultGuest(), memory: 4 << 20 }] });
  assert.equal(lguest.run(session, 10_000_000).sentences,
    lguest.bootDefault({ memory: 4 }).sentences);
});

test("a bare machine whose memory nobody named can be saved", () => {
  const saved = lguest.saveMetal(lguest.bootMetal());
  const { machine } = lguest.loadMetal(saved, { print: () => {} });
  assert.is(machine.ramSize, lguest.bootMetal().machine.ramSize);
});

// test/package.sh runs the same lines where the package is installed.
test("README.md's example prints what README.md says", () => {
  const readme = fs.readFileSync(resolve(__dirname, "../README.md"), "utf8");
  const [, example = "", output = ""] =
    /^```js\n([^]*?)^```$[^]*?^```text\n([^]*?)^```$/m.exec(readme) ?? [];
  const js = transpile(example,
    { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 });
  let printed = "";
  const log = (...said: unknown[]) => { printed += `${said.join(" ")}\n`; };
  new Function("exports", "require", "console", js)({}, (name: string) => {
    assert.is(name, "lguest");
    return lguest;
  }, { log });
  assert.is(printed, output);
  assert.ok(printed.includes("5050"));
});

test.run();
