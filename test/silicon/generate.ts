// From a seed and a number to a case. Nothing else goes in but the forms that
// there are, so these two numbers are all that a report needs.

import { CODE, CODE_END, DATA, FILLS } from "./case";
import type { Case } from "./case";
import { Draft, localSegments } from "./draft";
import { encode } from "./encode";
import type { Encoded } from "./encode";
import { everything } from "./forms";
import type { Repertoire } from "./forms";
import { mix, Random } from "./random";
import { undefinedFlags } from "./undefined";

/** One instruction of a case. */
export interface Part {
  encoded: Encoded;
  /** Distance from the case's first byte. */
  offset: number;
  /** Flags without a defined value when the instruction begins. */
  tainted: number;
  /** It may be jumped over. */
  uncertain: boolean;
}

/** A case, and what is to be known for judging its outcome. */
export interface Trial {
  /** Where it comes from: "single 17 of seed 1". */
  name: string;
  case: Case;
  parts: Part[];
  /** Flags without a defined value behind the last instruction. */
  tainted: number;
}

function randomFor(mode: number, seed: number, number: number): Random {
  return new Random(mix(seed * 3 + mode) + number);
}

/** One instruction with everything random; the forms take turns. */
export function single(
  seed: number, number: number, forms = everything,
): Trial {
  const r = randomFor(1, seed, number);
  return one("single", r, seed, number, forms, () => undefined);
}

/** The same among segments of the process's own. */
export function segmented(
  seed: number, number: number, forms = everything,
): Trial {
  const r = randomFor(3, seed, number);
  return one("segmented", r, seed, number, forms,
    () => localSegments(r, 0x23));
}

function one(
  name: string, r: Random, seed: number, number: number,
  { judged }: Repertoire, segments: () => readonly number[] | undefined,
): Trial {
  const form = judged[number % judged.length]!;
  for (;;) {
    const draft = new Draft(r, segments());
    const encoded = encode(draft, form);
    if (!encoded)
      continue;
    const sketch: Sketch = { parts: [], code: [], tainted: 0 };
    append(sketch, encoded, false);
    return {
      name: `${name} ${number} of seed ${seed}`,
      case: finish(draft, sketch.code),
      parts: sketch.parts,
      tainted: undefinedFlags(encoded, draft.registers[1]!),
    };
  }
}

function finish(draft: Draft, code: number[]): Case {
  return {
    registers: draft.registers,
    eflags: draft.r.word() & 0xcd5
      | (draft.segments && draft.r.chance(25) ? 0x40000 : 0),
    fill: draft.r.below(FILLS),
    patches: [...draft.patches],
    address: draft.address,
    // What would lie behind the last page is not there to be fetched.
    code: code.slice(0, CODE_END - draft.address),
    ...draft.segments && { segments: draft.segments },
  };
}

/** Four to eight instructions one after the other. EAX ECX EDX EBX are for
 * computing with; the other four point into the data and stay there. */
export function sequence(
  seed: number, number: number, forms = everything,
): Trial {
  const r = randomFor(2, seed, number);
  const draft = new Draft(r);
  draft.address = CODE + 0x800 + r.below(16);
  draft.calm = true;
  for (const pointer of [4, 5, 6, 7])
    draft.fix(pointer, DATA + 0x600 + 4 * r.below(0x300) + r.below(2));

  const sketch: Sketch = { parts: [], code: [], tainted: 0 };
  const length = 4 + r.below(5);
  while (sketch.parts.length < length) {
    if (r.chance(12))
      skip(draft, sketch, forms);
    else if (r.chance(6))
      repeat(draft, sketch, forms);
    else
      append(sketch, compose(draft, sketch, forms), false);
  }
  return {
    name: `sequence ${number} of seed ${seed}`,
    case: finish(draft, sketch.code),
    parts: sketch.parts,
    tainted: sketch.tainted,
  };
}

interface Sketch {
  parts: Part[];
  code: number[];
  tainted: number;
}

/** Some instruction that reads no flag without a value. */
function compose(
  draft: Draft, sketch: Sketch, { strings, linear }: Repertoire,
): Encoded {
  for (;;) {
    const form = draft.r.chance(8)
      ? draft.r.pick(strings) : draft.r.pick(linear);
    if (form.reads & sketch.tainted)
      continue;
    // A division of random numbers is mostly the end.
    if (/div|aam/.test(form.semantic) && draft.r.chance(80))
      continue;
    const encoded = encode(draft, form);
    if (encoded)
      return encoded;
  }
}

/** Adds an instruction; a skipped one may not have been executed, so what
 * had no value before it has none behind it either. */
function append(sketch: Sketch, encoded: Encoded, uncertain: boolean): void {
  const { form, bytes } = encoded;
  const { parts, code, tainted } = sketch;
  parts.push({ encoded, offset: code.length, tainted, uncertain });
  code.push(...bytes);
  const certain = uncertain || encoded.count !== undefined
    || form.rep !== "" ? 0 : form.writes;
  sketch.tainted = (tainted & ~certain) | undefinedFlags(encoded, undefined);
}

/** The same case with fewer instructions, or undefined if one of them would
 * read a flag that has no value any more. */
export function without(trial: Trial, from: number, to: number,
): Trial | undefined {
  const sketch: Sketch = { parts: [], code: [], tainted: 0 };
  for (const [i, part] of trial.parts.entries()) {
    if (i >= from && i < to)
      continue;
    if (part.encoded.form.reads & sketch.tainted)
      return undefined;
    append(sketch, part.encoded, part.uncertain);
  }
  return { ...trial, case: { ...trial.case, code: sketch.code },
    parts: sketch.parts, tainted: sketch.tainted };
}

/** A conditional jump across the instruction behind it. */
function skip(draft: Draft, sketch: Sketch, forms: Repertoire): void {
  const jump = draft.r.pick(forms.skips);
  if (jump.reads & sketch.tainted)
    return;
  const body = compose(draft, sketch, forms);
  const bytes = [...jump.prefix, body.bytes.length];
  append(sketch, { ...body, form: jump, bytes, count: undefined }, true);
  append(sketch, body, true);
}

/** mov $n,%ecx and a repeated string instruction. */
function repeat(
  draft: Draft, sketch: Sketch, { judged, strings }: Repertoire,
): void {
  const move = judged.find(f => f.opcode === "B8+r")!;
  const form = draft.r.pick(strings);
  const plain = encode(draft, form);
  if (!plain || plain.bytes.length > 2)
    return;
  const bytes = [0xb9, draft.r.below(12), 0, 0, 0];
  append(sketch, { ...plain, form: move, bytes }, false);
  append(sketch, {
    ...plain, bytes: [draft.r.pick([0xf2, 0xf3]), ...plain.bytes],
  }, true);
}
