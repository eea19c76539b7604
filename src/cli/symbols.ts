// Woven from chapters/834-symbols.md.
import { join } from "node:path";
import { assemble } from "../assembler";
import { hostStretches, stretchesOf, switcherStretches, symbolFile } from
  "../debug";
import type { Stretch, World } from "../debug";
import { guestText, GUEST_PHYSICAL, GUEST_VIRTUAL } from "../guest";
import { UserError } from "../launcher";
import { probeAll } from "./io";
import type { Io } from "./io";
import { readSwitcher, switcherFile } from "./switcher";
import { oneOf } from "./words";
import type { Values } from "./words";

/** A call of `symbols`. */
export interface SymbolsCall {
  readonly command: "symbols";
  readonly output: string;
  /** Whose kernel is beside the Switcher. */
  readonly world: World;
  readonly switcher?: string;
}

const OURS = ["output", "world", "switcher"];

/** Throws if other commands are given options of ours. */
export function refuseOurs({ output, world }: Values): void {
  const name = output !== undefined ? "output"
    : world !== undefined ? "world" : undefined;
  if (name) throw new UserError(`--${name} is for symbols; leave it out`);
}

/** Reads the words behind `lguest symbols`; throws UserError. */
export function understandSymbols(values: Values): SymbolsCall {
  const strange = Object.keys(values).find((name) => !OURS.includes(name));
  if (strange !== undefined)
    throw new UserError(`--${strange} is not for symbols; leave it out`);
  const { output, world = "host", switcher } = values;
  if (output === undefined)
    throw new UserError("symbols goes into a file; add -o FILE");
  return { command: "symbols", output,
    world: oneOf("world", world, ["host", "guest"]),
    ...(switcher !== undefined && { switcher }) };
}

/** Where the chapters are. */
const HOME = join(__dirname, "..", "..");

function guestStretches(): Stretch[] {
  const guest = assemble(guestText,
    { origin: GUEST_VIRTUAL, name: "guest" });
  return stretchesOf(guest,
    [["start", GUEST_PHYSICAL - GUEST_VIRTUAL], ["moved", 0]]);
}

/** Carries out `lguest symbols`. */
export function symbolsCommand(call: SymbolsCall, io: Io): number {
  const { output, world, switcher } = call;
  probeAll({ output, switcher: switcherFile(switcher) }, io);
  const text = readSwitcher(switcher, io);
  const kernel = world === "host" ? hostStretches(text) : guestStretches();
  io.replace(output, symbolFile([...switcherStretches(text), ...kernel], HOME,
    world));
  return 0;
}
