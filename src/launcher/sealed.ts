// Woven from chapters/800-record.md.
// A header and a machine's block in one file.
import * as v from "valibot";
import { SnapshotError } from "../machine";
import type { Machine } from "../machine";
import { UserError } from "./error";
import { readBack } from "./readback";
import { sha256 } from "./sha256";

/** What a file may hold: its name in the first line, and which command
 * takes it. */
const KINDS = {
  "lguest snapshot": "of a run with Guests; try lguest run --restore",
  "lguest machine snapshot":
    "of a bare machine; try lguest machine --restore",
} as const;

export type Kind = keyof typeof KINDS;

const VERSION = 2;

const sumOf = (block: Uint8Array) =>
  new DataView(block.buffer, block.byteOffset).getUint32(16, true)
    .toString(16).padStart(8, "0");

/** Checksum of a machine's block, in hexadecimal. */
export function stateSum(machine: Machine): string {
  return sumOf(machine.snapshot());
}

/** A header and a machine's block as the bytes of a file. */
export function seal(
  kind: Kind, schema: v.GenericSchema, header: object, machine: Machine,
): Uint8Array {
  const block = machine.snapshot(), encoder = new TextEncoder();
  const line = JSON.stringify(
    v.parse(schema, { ...header, block: sumOf(block) }));
  const sum = sha256(encoder.encode(line));
  const head = encoder.encode(`${kind} ${VERSION}\n${line}\n${sum}\n`);
  const file = new Uint8Array(head.length + block.length);
  file.set(head);
  file.set(block, head.length);
  return file;
}

/** The parts of a sealed file; UserError if it isn't one. */
export function open<S extends v.GenericSchema<unknown, { block: string }>>(
  kind: Kind, schema: S, file: Uint8Array,
): { header: v.InferOutput<S>; block: Uint8Array } {
  let block = file;
  const takeLine = () => {
    const end = block.indexOf(10);
    const line = block.subarray(0, Math.max(0, end));
    block = block.subarray(end + 1);
    return end < 0 ? undefined : line;
  };
  const [first, line, sum] = [takeLine(), takeLine(), takeLine()];
  checkFirst(kind, new TextDecoder().decode(first?.subarray(0, 80)));
  if (!line || !sum) {
    throw new UserError("is a truncated snapshot; copy it again");
  }
  if (sha256(line) !== new TextDecoder().decode(sum)) {
    throw new UserError("is a damaged snapshot: line 2 is not what was " +
      "written; copy it again");
  }
  const header = readBack(new TextDecoder().decode(line), schema,
    "snapshot", "line 2");
  if (block.length >= 20 && sumOf(block) !== header.block) {
    throw new UserError("is a damaged snapshot: its block is another " +
      "one's; copy it again");
  }
  return { header, block };
}
function checkFirst(kind: Kind, first: string): void {
  if (first === `${kind} ${VERSION}`) return;
  const is = Object.entries(KINDS).find(([name]) =>
    first.replace(/ \d+$/, "") === name);
  throw new UserError(!is ? "is not a snapshot; --snapshot FILE writes one"
    : is[0] !== kind ? `is a snapshot ${is[1]}`
      : "is a snapshot of another version; take it again");
}

/** Puts a block into a machine; UserError if it doesn't fit. */
export function restore(machine: Machine, block: Uint8Array): void {
  try {
    machine.restore(block);
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new UserError(`can't be restored: ${error.message}`);
  }
}
