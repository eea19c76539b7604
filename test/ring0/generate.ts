// From a seed and a number to a case of any ring.

import type { PrivilegedCase } from "./case";
import { classes, write } from "./classes";
import { Scene } from "./scene";

/** A case, and where it comes from. */
export interface PrivilegedTrial {
  name: string;
  kind: string;
  case: PrivilegedCase;
  /** The code, an instruction each. */
  parts: number[][];
  /** Whether the code is 32-bit code. */
  wide: boolean;
}

/** The case with that number: the classes take turns. */
export function privileged(
  seed: number, number: number, only?: string,
): PrivilegedTrial {
  const chosen = only ? classes.filter(({ name }) => name === only) : classes;
  const kind = chosen[number % chosen.length]!;
  const scene = new Scene(seed, number, kind.modes);
  write(scene, kind);
  return { name: `case ${number} of seed ${seed}`, kind: kind.name,
    wide: scene.writer.wide, ...scene.finish() };
}
