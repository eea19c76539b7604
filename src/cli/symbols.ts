// Woven from chapters/834-symbols.md.
import { join } from "node:path";
import { assemble } from "../assembler";
import { hostStretches, stretchesOf, switcherStretches, symbolFile } from
  "../debug";
import type { Stretch, World } from "../debug";
import { assembleLinked, guestText, GUEST_PHYSICAL, GUEST_VIRTUAL } from
  "../guest";
import { UserError } from "../launcher";
import { switcherWithGlobals } from "../lguest";
import { probeAll } from "./io";
import type { Io } from "./io";
import { assembleAs, kernelFile } from "./kernels";
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
  /** Where the Guest is linked, if it is elsewhere. */
  readonly kernel?: string;
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

const OURS = ["output", "world", "switcher", "kernel"];

/** Reads the words behind `lguest symbols`; throws UserError. */
export function understandSymbols(values: Values): SymbolsCall {
  const strange = Object.keys(values).find((name) => !OURS.includes(name));
  if (strange !== undefined)
    throw new UserError(`--${strange} is not for symbols; leave it out`);
  const { output, world = "host", switcher, kernel } = values;
  if (output === undefined)
    throw new UserError("symbols are for a file; add -o FILE");
  if (kernel !== undefined && (world !== "guest" || kernelFile(kernel)))
    throw new UserError(`--kernel ${kernel}: a kernel in a file brings its ` +
      "own symbols; ours are --world guest --kernel default@TEXT/STACK");
  return { command: "symbols", output,
    world: oneOf("world", world, ["host", "guest"]),
    ...(switcher !== undefined && { switcher }),
    ...(kernel !== undefined && { kernel }) };
}

/** Where the chapters are. */
const PACKAGE = join(__dirname, "..", "..");

/** Carries out `lguest symbols`. */
export function symbolsCommand(call: SymbolsCall, io: Io): number {
  const { output, world, switcher, kernel } = call;
  const file = switcherFile(switcher);
  probeAll({ output, switcher: file }, io);
  const text = switcher !== undefined && file === undefined
    ? switcherWithGlobals : readSwitcher(switcher, io);
  const stretches = [...switcherStretches(text, file && withDot(file)),
    ...world === "host" ? hostStretches(text) : guestStretches(kernel)];
  io.replace(output, symbolFile(stretches, PACKAGE, world));
  return 0;
}

/** What is a file has a dot or a slash. */
const withDot = (file: string) => /[./]/.test(file) ? file : `./${file}`;

function guestStretches(kernel?: string): Stretch[] {
  const guest = kernel !== undefined ? assembleAs(kernel, assembleLinked)
    : assemble(guestText, { origin: GUEST_VIRTUAL, name: "guest" });
  return stretchesOf(guest,
    [["start", GUEST_PHYSICAL - GUEST_VIRTUAL], ["moved", 0]]);
}
