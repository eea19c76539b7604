// Woven from chapters/808-command.md.
import type { Machine } from "../machine";
import { oneOf } from "./words";
import type { Values } from "./words";

/** What executes most instructions. */
export type Interpreter = Machine["interpreter"];

/** The one that was asked for, if any was; throws UserError. */
export function interpreterOf(
  { interpreter }: Values,
): { interpreter?: Interpreter } {
  if (interpreter === undefined) return {};
  return { interpreter:
    oneOf("interpreter", interpreter, ["generated", "plain"] as const) };
}

/** Why a machine is slower than was asked for, in a sentence, if it is. */
export function slowly({ machine }: { machine: Machine }): string[] {
  const { interpreterTrouble: why } = machine;
  return why === undefined ? []
    : ["the fast interpreter can't be compiled here, so this took longer: " +
      why];
}
