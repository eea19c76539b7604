// What a reader boots, and how far, as it goes into an address or is kept
// by a tab. What comes back from there is hostile.
import * as v from "valibot";
import { panelNames } from "./panels";
import type { PanelName } from "./panels";
import { worldNames } from "./worlds";
import type { WorldName } from "./worlds";

const text = v.pipe(v.string(), v.maxLength(200_000));
const whole = (most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));
const base64 = v.pipe(v.string(), v.maxLength(1_400_000),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/));

const order = {
  world: v.picklist(worldNames as [WorldName, ...WorldName[]]),
  guest: v.optional(text), switcher: v.optional(text),
  /** A kernel of the reader's own, instead of a text. */
  elf: v.optional(base64),
  /** The Guests' memory in MiB, and their command line. */
  memory: v.pipe(whole(64), v.minValue(4)),
  append: v.pipe(v.string(), v.maxLength(2000)),
  /** The machine's seed, for what it leaves to chance. */
  seed: v.optional(whole(2 ** 32 - 1)),
};

/** Something that was typed, and before which instruction. */
const typed = v.strictObject({ count: whole(1e10), guest: whole(1),
  text: v.pipe(v.string(), v.maxLength(2000)) });

const orderShape = v.strictObject(order);

const kept = v.strictObject({
  version: v.literal(1), order: orderShape,
  watch: v.strictObject({ cpu: whole(15), address: whole(2 ** 32 - 1), zoom: whole(40),
    panels: v.pipe(v.array(v.picklist(
      panelNames as [PanelName, ...PanelName[]])), v.maxLength(20)) }),
  run: v.optional(v.strictObject({ count: whole(1e10),
    typed: v.pipe(v.array(typed), v.maxLength(2000)) })),
});

/** What to boot. Texts that are absent are the book's own. */
export type Order = v.InferOutput<typeof orderShape>;
export type Typed = v.InferOutput<typeof typed>;

/** What to boot and to look at; and if it has been booted, to which
 * instruction to go, with what was typed. */
export type Kept = v.InferOutput<typeof kept>;

/** Takes a kept run apart; a sentence if it is none. */
export function readKept(value: unknown): Kept | string {
  const result = v.safeParse(kept, value);
  if (result.success) return result.output;
  const [issue] = result.issues, at = v.getDotPath(issue);
  return `its ${at ?? "form"} can't be read`;
}

/** Whether somebody has put a program of his own in there. */
export function hasProgram({ guest, switcher, elf }: Order): boolean {
  return guest !== undefined || switcher !== undefined || elf !== undefined;
}

const LONGEST = 4_000_000;

async function through(
  bytes: Uint8Array<ArrayBuffer>, stream: ReadableWritablePair,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let length = 0; ;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LONGEST) throw new Error("too long");
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

const BEGIN = "#run=";

/** A run as a fragment of an address. */
export async function toFragment(run: Kept): Promise<string> {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(run)),
    new CompressionStream("deflate-raw"));
  const letters = Array.from(bytes, (one) => String.fromCharCode(one));
  return BEGIN + btoa(letters.join("")).replaceAll("+", "-")
    .replaceAll("/", "_").replace(/=+$/, "");
}

/** The run in a fragment; undefined if there is none, a sentence if it
 * can't be read. */
export async function fromFragment(
  fragment: string,
): Promise<Kept | string | undefined> {
  if (!fragment.startsWith(BEGIN)) return undefined;
  try {
    const letters = atob(fragment.slice(BEGIN.length).replaceAll("-", "+")
      .replaceAll("_", "/"));
    const bytes = await through(
      Uint8Array.from(letters, (one) => one.charCodeAt(0)),
      new DecompressionStream("deflate-raw"));
    return readKept(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return "it is damaged or cut off";
  }
}
