// The invitation's bug, by hand: a machine with two page tables, and a
// program of which a press runs a few instructions.
import { assemble } from "../../../src/assembler/assemble";
import { EDI, EIP, ESI } from "../../../src/machine/ground/state";
import { Machine } from "../../../src/machine/machine";
import { drawStory } from "./draw";
import { BUDGET, MEMORY, program } from "./protocol";
import type { Press, Scene, Switches } from "./protocol";
import { GUEST, HOST, PAGE, tell } from "./worlds";

const { bytes, labels, lines } = assemble(program, { origin: 0x8000 });

/** The lines from a label to the next. */
function linesOf(label: string): typeof lines {
  const from = labels.get(label)!;
  const to = Math.min(...[...labels.values()].filter((at) => at > from));
  return lines.filter(({ address }) => address >= from && address < to);
}

/** Both worlds' page tables, and a word for each. */
function fill(machine: Machine): void {
  const put = (at: number, word: number) =>
    machine.writeRam(at, new Uint8Array(new Uint32Array([word]).buffer));
  for (const { directory, frame, word } of [HOST, GUEST]) {
    put(frame, word);
    put(directory, (directory + 0x1000) | 7);
    for (let at = 0; at < MEMORY; at += 0x1000)
      put(directory + 0x1000 + at / 1024, (at === PAGE ? frame : at) | 7);
  }
  machine.writeRam(0x8000, bytes);
}

export class Story {
  private readonly machine = new Machine({ memory: MEMORY });
  private ran: readonly number[] = [];

  /** Switched on, with paging on, in the Host's world. */
  constructor({ global, pge }: Switches) {
    fill(this.machine);
    const { w } = this.machine.cpus[0]!;
    w[EDI] = global ? 0x100 : 0;
    w[ESI] = pge ? 0x80 : 0;
    this.run("boot");
  }

  press(press: Press): void {
    this.run(press);
  }

  /** Runs from a label to the next, if the budget allows. */
  private run(label: string): void {
    const { machine } = this, all = linesOf(label);
    const maxInstructions = Math.min(all.length, BUDGET - machine.count);
    machine.cpus[0]!.w[EIP] = labels.get(label)!;
    machine.run({ maxInstructions });
    this.ran = all.slice(0, maxInstructions).map(({ line }) => line);
  }

  scene(): Scene {
    const { machine, ran } = this, { count } = machine;
    const { shapes } = drawStory(machine);
    return { shapes, ...tell(machine), count, ran };
  }
}

/** A story from its beginning, with some presses. */
export function begin(switches: Switches, presses: readonly Press[]): Story {
  const story = new Story(switches);
  for (const press of presses) story.press(press);
  return story;
}
