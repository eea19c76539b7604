// The front page's story as it is when the site is made.
import { bug } from "../src/story/protocol";
import type { Scene } from "../src/story/protocol";
import { begin } from "../src/story/story";

/** The bug, and how it ends without PGE. */
export interface Told {
  readonly scene: Scene;
  readonly without: string;
}

export function tellStory(): Told {
  const { switches, presses } = bug;
  return { scene: begin(switches, presses).scene(),
    without: begin({ ...switches, pge: false }, presses).scene().sentence };
}
