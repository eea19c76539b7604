import { isSchedule, Machine, SnapshotError } from "../machine";
import type { MachineOptions } from "../machine";
import { UserError } from "./error";
import type { ConsoleSink } from "./launcher";
import { attach } from "./session";
import type { BootOptions, Session } from "./session";

const FIRST_LINE = "lguest snapshot 1\n";

interface Header {
  readonly machine: MachineOptions;
  readonly boot: Omit<BootOptions, "guests">;
  readonly guests: readonly {
    name: string; commandLine: string; memory: number;
  }[];
}

/** The session as the bytes of a file. */
export function saveSession(session: Session): Uint8Array {
  const { guests, ...boot } = session.options;
  const header: Header = {
    machine: session.machineOptions,
    boot,
    guests: guests.map(({ name, commandLine, memory }) =>
      ({ name, commandLine, memory })),
  };
  const text = FIRST_LINE + JSON.stringify(header) + "\n";
  const head = new TextEncoder().encode(text);
  const block = session.machine.snapshot();
  const file = new Uint8Array(head.length + block.length);
  file.set(head);
  file.set(block, head.length);
  return file;
}

/** Goes on with a saved session; throws a UserError if it can't be. */
export function loadSession(
  file: Uint8Array, print: ConsoleSink,
): Session {
  const { header, block } = open(file);
  const guests = header.guests.map((guest) =>
    ({ ...guest, image: new Uint8Array(0) }));
  const machine = build(header);
  const options = { ...header.boot, guests };
  const session = attach(machine, header.machine, options, print);
  try {
    machine.restore(block);
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new UserError(`can't be restored: ${error.message}`);
  }
  return session;
}

function build(header: Header): Machine {
  try {
    return new Machine(header.machine);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damaged();
  }
}
const damaged = () =>
  new UserError("is a damaged snapshot; copy it again");

function open(file: Uint8Array): { header: Header; block: Uint8Array } {
  const decoder = new TextDecoder();
  const first = decoder.decode(file.subarray(0, FIRST_LINE.length));
  if (first !== FIRST_LINE) {
    throw new UserError(first.startsWith("lguest snapshot")
      ? "is a snapshot of another version; take it again"
      : first.startsWith("lguest machine")
        ? "is of a bare machine; try lguest machine --restore"
        : "is not a snapshot; --snapshot FILE writes one");
  }
  const end = file.indexOf(10, FIRST_LINE.length);
  if (end < 0) {
    throw new UserError("is a truncated snapshot; copy it again");
  }
  const json = file.subarray(FIRST_LINE.length, end);
  const header = parse(decoder.decode(json));
  return { header, block: file.subarray(end + 1) };
}

function parse(json: string): Header {
  try {
    const header = JSON.parse(json) as Header;
    const { guests, machine, boot: { schedule } } = header;
    const good = Array.isArray(guests) && machine &&
      (schedule === undefined || isSchedule(schedule));
    if (good) return header;
  } catch {
    // Not JSON, or not an object: damaged as well.
  }
  throw damaged();
}
