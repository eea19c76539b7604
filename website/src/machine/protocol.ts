// What the page and the worker with the machine say to each other.
import type { Mistake } from "./session";

/** What to boot. Texts that are absent are the book's own. */
export interface Order {
  readonly guest?: string;
  readonly switcher?: string;
  /** The Guest's memory in MiB. */
  readonly memory: number;
  readonly append: string;
  /** Boots the Guest that can be asked. */
  readonly talk?: boolean;
}

/** The page asks. */
export type Request =
  | { readonly kind: "boot"; readonly number: number;
      readonly order: Order; readonly run: boolean }
  | { readonly kind: "run" | "stop" | "step" | "next" }
  | { readonly kind: "type"; readonly text: string }
  | { readonly kind: "texts" };

/** One event of the machine's stream, in words. */
export interface Happening {
  readonly count: number;
  readonly kind: string;
  readonly text: string;
}

/** The CPU between two instructions, as words for a panel. */
export interface View {
  readonly count: number;
  readonly ring: number;
  readonly registers: readonly (readonly [name: string, value: string])[];
  /** The next instruction, and the label that it is behind. */
  readonly next: string;
  readonly where: string;
  readonly happenings: readonly Happening[];
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
}

/** An answer, and the number of the boot that it is about. */
export type Told = Answer & { readonly boot: number };

/** The worker answers. */
export type Answer =
  | { readonly kind: "console"; readonly text: string }
  | { readonly kind: "view"; readonly view: View; readonly running: boolean;
      /** The Guest sleeps until somebody types. */
      readonly waits: boolean }
  | { readonly kind: "end"; readonly ending: Ending }
  | { readonly kind: "mistakes"; readonly text: "guest" | "switcher";
      readonly mistakes: readonly Mistake[] }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "texts"; readonly guest: string;
      readonly switcher: string };
