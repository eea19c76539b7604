import { SnapshotError } from "../machine";
import type { MachineOptions } from "../machine";
import { UserError } from "./error";
import { buildMetal } from "./metal";
import type { MetalOptions, MetalSession, MetalSinks } from "./metal";

const FIRST_LINE = "lguest machine snapshot 1\n";

type Kept = Omit<MetalOptions,
  "kernel" | "kernelName" | "rom" | "initrd" | "modules" | "commandLine">;

/** A bare machine as the bytes of a file. */
export function saveMetal(session: MetalSession): Uint8Array {
  const { kernel, rom, initrd, modules, commandLine, kernelName,
    ...kept } = session.options;
  const header = { machine: session.machineOptions, metal: kept,
    loaded: kernel !== undefined };
  const head = new TextEncoder()
    .encode(FIRST_LINE + JSON.stringify(header) + "\n");
  const block = session.machine.snapshot();
  const file = new Uint8Array(head.length + block.length);
  file.set(head);
  file.set(block, head.length);
  return file;
}

/** Goes on with a saved machine; UserError if it can't be. */
export function loadMetal(
  file: Uint8Array, sinks: MetalSinks,
): MetalSession {
  const { machine, metal, loaded, block } = open(file);
  const options = loaded ? { ...metal, reboot: false } : metal;
  const session = buildMetal(options, sinks, undefined, machine);
  try {
    session.machine.restore(block);
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new UserError(`can't be restored: ${error.message}`);
  }
  return session;
}
function open(file: Uint8Array): {
  machine: MachineOptions; metal: Kept; loaded: boolean; block: Uint8Array;
} {
  const decoder = new TextDecoder();
  const first = decoder.decode(file.subarray(0, FIRST_LINE.length));
  if (first !== FIRST_LINE) {
    throw new UserError(first.startsWith("lguest snapshot")
      ? "is a snapshot of a run with Guests; try lguest run --restore"
      : "is not a snapshot of a bare machine; --snapshot FILE writes one");
  }
  const end = file.indexOf(10, FIRST_LINE.length);
  try {
    const json = decoder.decode(file.subarray(FIRST_LINE.length, end));
    const header = JSON.parse(json) as
      { machine: MachineOptions; metal: Kept; loaded: boolean };
    if (end > 0 && header.machine && header.metal) {
      return { ...header, block: file.subarray(end + 1) };
    }
  } catch {
    // Not JSON: damaged as well.
  }
  throw new UserError("is a damaged snapshot; copy it again");
}
