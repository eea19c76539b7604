// Woven from chapters/834-symbols.md.
import { join } from "node:path";
import { assemble } from "../assembler";
import { hostStretches, stretchesOf, switcherStretches, symbolFile } from
  "../debug";
import type { Stretch, World } from "../debug";
import { guestText, GUEST_PHYSICAL, GUEST_VIRTUAL } from "../guest";
import { UserError } from "../launcher";
import { switcherWithGlobals } from "../lguest";
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

/** Throws if options of ours are given to another command. */
export function refuseOurs({ output, world }: Values): void {
  const name = output !== undefined ? "output"
    : world !== undefined ? "world" : undefined;
  if (name) {
    throw new UserError(`--${name} is for symbols; ` +
      "try lguest symbols, or leave it out");
  }
}

const OURS = ["output", "world", "switcher"];

/** Reads the words behind `lguest symbols`; throws UserError. */
export function understandSymbols(values: Values): SymbolsCall {
  const strange = Object.keys(values).find((name) => !OURS.includes(name));
  if (strange !== undefined)
    throw new UserError(`--${strange} is not for symbols; leave it out`);
  const { output, world = "host", switcher } = values;
  if (output === undefined)
    throw new UserError("symbols are for a file; add -o FILE");
  return { command: "symbols", output,
    world: oneOf("world", world, ["host", "guest"]),
    ...(switcher !== undefined && { switcher }) };
}

/** Where the chapters are. */
const PACKAGE = join(__dirname, "..", "..");

/** Carries out `lguest symbols`. */
export function symbolsCommand(call: SymbolsCall, io: Io): number {
  const { output, world, switcher } = call, file = switcherFile(switcher);
  probeAll({ output, switcher: file }, io);
  const text = switcher !== undefined && file === undefined
    ? switcherWithGlobals : readSwitcher(switcher, io);
  const kernel = world === "host" ? hostStretches(text) : guestStretches();
  const stretches = [...switcherStretches(text, file && withDot(file)),
    ...kernel];
  io.replace(output, symbolFile(stretches, PACKAGE, world));
  return 0;
}

/** What is a file has a dot or a slash. */
const withDot = (file: string) => /[./]/.test(file) ? file : `./${file}`;

function guestStretches(): Stretch[] {
  const guest = assemble(guestText,
    { origin: GUEST_VIRTUAL, name: "guest" });
  return stretchesOf(guest,
    [["start", GUEST_PHYSICAL - GUEST_VIRTUAL], ["moved", 0]]);
}
