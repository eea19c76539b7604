// What the image says, and what a clock said meanwhile.

/** A kernel, and how often its loop goes round. */
export interface Work {
  readonly kernel: string;
  readonly iterations: number;
}

/** What came of a piece of work. */
export interface Lap {
  /** Eight hexadecimal digits. */
  readonly checksum: string;
  /** CPU time. */
  readonly seconds: number;
  /** Retired ones, if anybody counts; else 0. */
  readonly instructions: number;
}

/** What the image is told to do, without the first word. */
export const commandLineOf = (works: readonly Work[]) =>
  works.map(({ kernel, iterations }) => `${kernel} ${iterations}`).join(" ");

/** The clock of a contender. */
export type Clock = () => Omit<Lap, "checksum">;

/** CPU time of this process, user and system, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Takes what the image prints, byte by byte: `<`, `>`, a checksum, a line's
 * end; and a `.` when all is done. */
export class LapReader {
  readonly laps: Lap[] = [];
  /** True at the end, be it good or bad. */
  ended = false;
  private word = "";
  private began = { seconds: 0, instructions: 0 };
  private lap = this.began;

  constructor(private readonly clock: Clock) {}

  take(byte: number): void {
    const char = String.fromCharCode(byte), { began } = this;
    if (char === "<") {
      this.began = this.clock();
    } else if (char === ">") {
      const now = this.clock();
      this.lap = { seconds: now.seconds - began.seconds,
        instructions: now.instructions - began.instructions };
    } else if (char === "\n") {
      this.laps.push({ checksum: this.word, ...this.lap });
      this.word = "";
    } else {
      this.word += char;
      this.ended ||= ".!?".includes(char);
    }
  }

  /** All laps; throws if the image hasn't come to its end. */
  finish(who: string): Lap[] {
    if (this.word === ".") return this.laps;
    throw new Error(`${who} ended early, behind ${this.laps.length} laps` +
      (this.word === "!" ? ": a trap that nobody expects" : "") +
      (this.word === "?" ? ": there is no such kernel" : ""));
  }
}
