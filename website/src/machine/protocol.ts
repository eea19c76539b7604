// What the page and the worker with the machine say to each other.
import type { Shape } from "../../../src/debug/picture";
import type { Order, Typed } from "./order";
import type { PanelName, Watch } from "./panels";
import type { Mistake } from "./session";

/** The page asks. A boot may be asked to go somewhere at once. */
export type Request =
  | { readonly kind: "boot"; readonly number: number;
      readonly order: Order; readonly run: boolean;
      readonly to?: { readonly count: number; readonly typed: Typed[] } }
  | { readonly kind: "run" | "stop" | "step" | "back" | "next" | "before"
      | "switcher" }
  | { readonly kind: "go"; readonly count: number }
  | { readonly kind: "until"; readonly address: number }
  | { readonly kind: "speed"; readonly slow: boolean }
  | { readonly kind: "watch"; readonly watch: Watch }
  | { readonly kind: "type"; readonly text: string; readonly guest: number }
  | { readonly kind: "texts" };

/** One event of the machine's stream, in words. */
export interface Happening {
  readonly count: number;
  readonly kind: string;
  readonly text: string;
}

/** Where a CPU is, in words. */
export interface Place {
  readonly cpu: number;
  /** "the Switcher", "Guest 0, ring 1". */
  readonly where: string;
  readonly eip: number;
  /** "stub of vector 14 (page fault)", if it is in one of the Switcher's. */
  readonly stub?: string;
  /** The line that it is about to execute, if the book has it. */
  readonly line?: { readonly slug: string; readonly line: number };
}

/** The machine between two instructions. */
export interface View {
  readonly count: number;
  /** The CPU that has just done a step, or run to where it was to stop. */
  readonly stepped?: number;
  readonly places: readonly Place[];
  readonly pictures: Partial<Record<PanelName, readonly (readonly Shape[])[]>>;
  readonly happenings: readonly Happening[];
  readonly typed: readonly Typed[];
}

/** How it ended: `status` is the command's exit status. */
export interface Ending {
  readonly status: number;
  readonly sentences: readonly string[];
  /** For a Host that died: the last trap, and where it was; for anything
   * else that went wrong: a trap in an edited Switcher. */
  readonly trap?: string;
  /** The line of the edited Switcher that did it. */
  readonly line?: number;
  /** The address that it was to run to, and has not come to. */
  readonly missed?: number;
}

/** An answer, and the number of the boot that it is about. */
export type Told = Answer & { readonly boot: number };

/** The worker answers. */
export type Answer =
  | { readonly kind: "console"; readonly guest: number;
      readonly text: string;
      /** What was there before is history. */
      readonly fresh: boolean }
  | { readonly kind: "view"; readonly view: View; readonly running: boolean;
      /** The Guest sleeps until somebody types. */
      readonly waits: boolean;
      readonly ending?: Ending }
  | { readonly kind: "mistakes"; readonly text: "guest" | "switcher";
      readonly mistakes: readonly Mistake[] }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "texts"; readonly guest: string;
      readonly switcher: string };
