// Woven from chapters/816-typing.md.
/** What comes in while a command runs. */
export interface Input {
  /** Whether a person is typing. */
  readonly terminal: boolean;
  /** Begins to listen; `ended` when there will be no more. */
  start(arrived: (bytes: Uint8Array) => void, ended: () => void): void;
  /** Whether what comes has to wait for now. */
  hold(on: boolean): void;
  stop(): void;
}

const CONTROL_A = 1, X = 0x78;

/** Takes the way out of what a person types. */
export class Escape {
  private open = false;

  /** The bytes that are meant for the machine; undefined to leave. */
  filter(bytes: Uint8Array): Uint8Array | undefined {
    const rest: number[] = [];
    for (const byte of bytes) {
      if (!this.open && byte === CONTROL_A) {
        this.open = true;
        continue;
      }
      if (this.open && (byte | 0x20) === X) return undefined;
      this.open = false;
      rest.push(byte);
    }
    return Uint8Array.from(rest);
  }
}

/** Standard input, raw if it is a terminal. */
export function nodeInput(): Input {
  const { stdin } = process, terminal = stdin.isTTY === true;
  return {
    terminal,
    start(arrived, ended) {
      if (terminal) stdin.setRawMode(true);
      stdin.on("data", (bytes: Buffer) => arrived(new Uint8Array(bytes)));
      stdin.on("end", ended);
      stdin.on("error", ended);
    },
    hold(on) {
      if (on !== stdin.isPaused()) stdin[on ? "pause" : "resume"]();
    },
    stop() {
      if (terminal) stdin.setRawMode(false);
      stdin.removeAllListeners();
      // A file that can't be read says so late.
      stdin.on("error", () => {});
      stdin.destroy();
    },
  };
}
