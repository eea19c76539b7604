// Who takes part.
import { fork, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { whyNotRun } from "../silicon/compile";
import { emulators, hasV86, ours } from "./emulators";
import { compiled } from "./image";
import { commandLineOf, LapReader } from "./laps";
import type { Lap, Work } from "./laps";

/** Somebody who can run kernels. */
export interface Contender {
  readonly name: string;
  /** False for a process, which has no rings and no page tables. */
  readonly hasSystem: boolean;
  /** Seconds that its clock can't tell from nothing. */
  readonly noise: number;
  /** Does several works one after another; nobody looks at the clock. */
  all(works: readonly Work[]): Promise<Lap[]>;
  /** Does one work by the clock. */
  timed(work: Work): Promise<Lap>;
  stop(): void;
}

/** An emulator in a process of its own, which goes on living. It has a
 * clock inside. */
class InNode implements Contender {
  readonly hasSystem = true;
  readonly noise = 0.001;
  private readonly child: ChildProcess;

  constructor(readonly name: string, image: string) {
    this.child = fork(join(__dirname, "child.ts"), [name, image],
      { execArgv: ["-r", join(__dirname, "../ready.cjs")] });
  }

  all(works: readonly Work[]): Promise<Lap[]> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) =>
        reject(new Error(`${this.name}: ${why}`));
      const died = () => fail("its process has died");
      this.child.once("exit", died);
      this.child.once("message",
        ({ laps, problem }: { laps?: Lap[]; problem?: string }) => {
          this.child.off("exit", died);
          if (laps) resolve(laps);
          else fail(problem ?? "no laps");
        });
      this.child.send(works);
    });
  }

  async timed(work: Work): Promise<Lap> {
    const [lap] = await this.all([work]);
    return lap!;
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}

/** A program of which only the whole CPU time is known, as bash tells it:
 * that of the same run without any iterations is taken off. */
class OutOfNode implements Contender {
  readonly noise = 0.03;
  private readonly least = new Map<string, number>();

  constructor(
    readonly name: string, readonly hasSystem: boolean,
    private readonly folder: string,
    private readonly command: (commandLine: string) => readonly string[],
  ) {}

  private run(works: readonly Work[]): { laps: Lap[]; seconds: number } {
    const { stdout, stderr, error } = spawnSync("bash",
      ["-c", 'TIMEFORMAT="%U %S"; time "$@"', "bash",
        ...this.command(commandLineOf(works))],
      { cwd: this.folder, encoding: "latin1" });
    if (error) throw error;
    const reader = new LapReader(() => ({ seconds: 0, instructions: 0 }));
    for (const byte of Buffer.from(stdout, "latin1")) reader.take(byte);
    const lines = stderr.trim().split("\n");
    const laps = reader.finish(`${this.name} (${lines[0]})`);
    const seconds = (lines.at(-1) ?? "").split(" ").map(Number)
      .reduce((a, b) => a + b);
    return { laps, seconds };
  }

  async all(works: readonly Work[]): Promise<Lap[]> {
    return this.run(works).laps;
  }

  async timed(work: Work): Promise<Lap> {
    const { kernel } = work;
    const empty = this.run([{ kernel, iterations: 0 }]).seconds;
    const least = Math.min(empty, this.least.get(kernel) ?? Infinity);
    this.least.set(kernel, least);
    const { laps: [lap], seconds } = this.run([work]);
    return { ...lap!, seconds: Math.max(0, seconds - least) };
  }

  stop(): void {}
}

const QEMU = "qemu-system-i386";

function qemu(): Contender {
  const { folder, name } = compiled("image");
  return new OutOfNode("QEMU", true, folder, (commandLine) => [QEMU,
    "-machine", "isapc", "-cpu", "qemu32", "-accel", "tcg", "-m", "32", "-display", "none", "-nodefaults",
    "-no-reboot", "-device", "isa-debug-exit,iobase=0x501",
    "-serial", "stdio", "-kernel", name, "-append", commandLine]);
}

function native(): Contender {
  const { folder, name } = compiled("native");
  return new OutOfNode("native", false, folder,
    (commandLine) => [`./${name}`, `bench ${commandLine}`]);
}

/** All contenders that can be had here, those of our kinds that are wanted
 * first, and a line about each one that can't. */
export function contenders(kinds: readonly string[]): {
  readonly present: Contender[]; readonly absent: string[];
} {
  const { folder, name } = compiled("image"), image = join(folder, name);
  const absent: string[] = [];
  if (!hasV86())
    absent.push("v86 is missing: npm ci --prefix test/bench");
  const others = Object.keys(emulators).filter((one) => !(one in ours));
  const inNode = [...kinds, ...hasV86() ? others : []];
  const present: Contender[] = inNode.map((one) => new InNode(one, image));
  if (spawnSync(QEMU, ["--version"]).status === 0) present.push(qemu());
  else absent.push(`${QEMU} is missing (Debian: qemu-system-x86)`);
  const why = whyNotRun();
  if (why === undefined) present.push(native());
  else absent.push(`no native runs: ${why}`);
  return { present, absent };
}
