// Woven from chapters/816-typing.md.
import { closeSync } from "node:fs";
import { isatty } from "node:tty";
import type { TerminalSize } from "../launcher";

/** What comes in while a command runs. */
export interface Input {
  /** Whether a person is typing. */
  readonly terminal: boolean;
  /** How large the person's screen is, if that is known. */
  readonly size?: TerminalSize | undefined;
  /** Begins to listen; `ended` when there will be no more. */
  start(arrived: (bytes: Uint8Array) => void, ended: () => void): void;
  /** Whether what comes has to wait for now. */
  hold(on: boolean): void;
  stop(): void;
}

const CONTROL_A = 1;

/** Takes out of what a person types what is meant for us. */
export class Escape {
  private open = false;

  /** `keys` mean something behind control-A. */
  constructor(private readonly keys: string) {}

  /** A byte that is meant for the machine, a key that is meant for us, or
   * neither yet. */
  take(byte: number): number | string | undefined {
    if (!this.open && byte === CONTROL_A) {
      this.open = true;
      return undefined;
    }
    const key = String.fromCharCode(byte).toLowerCase();
    const ours = this.open && this.keys.includes(key);
    this.open = false;
    return ours ? key : byte;
  }
}

/** Standard input, raw if it is a terminal. */
export function nodeInput(): Input {
  const terminal = isatty(0);
  let over = () => {};
  return {
    terminal, ...(terminal && isatty(1) && { size: sizeOf(process.stdout) }),
    start(arrived, ended) {
      const { stdin } = process;
      over = () => {
        if (terminal) process.once("exit", closeTerminals);
        ended();
      };
      if (terminal) {
        stdin.setRawMode(true);
        process.on("SIGHUP", over);
      }
      stdin.on("data", (bytes: Buffer) => arrived(new Uint8Array(bytes)));
      stdin.on("end", over);
      stdin.on("error", over);
    },
    hold(on) {
      const { stdin } = process;
      if (on !== stdin.isPaused()) stdin[on ? "pause" : "resume"]();
    },
    stop() {
      const { stdin } = process;
      if (terminal) {
        process.off("SIGHUP", over);
        stdin.setRawMode(false);
      }
      stdin.removeAllListeners();
      // A file that can't be read says so late.
      stdin.on("error", () => {});
      stdin.destroy();
    },
  };
}

const terminals = [0, 1, 2].filter((file) => isatty(file));

/** At its end Node restores them, and dies if they are gone. */
function closeTerminals(): void {
  for (const file of terminals) {
    try {
      closeSync(file);
    } catch {
      // Somebody has closed it already.
    }
  }
}

function sizeOf(
  { columns, rows }: { columns?: number; rows?: number },
): TerminalSize | undefined {
  return columns && rows ? { columns, rows } : undefined;
}
