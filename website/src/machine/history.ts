// The timeline of a run: the run is made once more, and listened to.
import { timelineOf } from "../../../src/debug";
import type { Timeline } from "../../../src/debug";
import type { Shape } from "../../../src/debug/picture";
import { boot, Rewind } from "../../../src/launcher";
import type { BootOptions, Said } from "../../../src/launcher";

/** Instructions of a run that is listened to, at most. */
const LONGEST = 20_000_000;
/** Instructions that can be told apart in a row. */
const NARROWEST = 40;

/** Keeps the timelines that were drawn last, by what they show. */
export class History {
  private key = "";
  private timeline: Timeline | undefined;
  /** How far it has been, and what was typed until then. */
  private end = 0;
  private typed: readonly Said[] = [];

  constructor(private readonly options: BootOptions) {}

  /** The run has come to here; what was typed may be another history. */
  reached(count: number, typed: readonly Said[]): void {
    const same = typed.every((one, i) => one.count === this.typed[i]?.count);
    if (same && count <= this.end) return;
    this.end = count;
    this.typed = typed;
  }

  /** The run around an instant, `zoom` times halved. */
  draw(now: number, zoom: number): readonly Shape[] {
    const end = Math.min(this.end, LONGEST);
    const width = Math.max(Math.ceil(end / 2 ** zoom), NARROWEST);
    const from = Math.max(0, Math.min(now - width / 2, end - width) | 0);
    const to = Math.min(end, from + width);
    const key = [from, to, this.typed.length].join();
    if (key !== this.key) this.timeline = this.listen(from, to);
    this.key = key;
    return this.timeline?.picture(now).shapes ?? [];
  }

  private listen(from: number, to: number): Timeline {
    const tape = new Rewind((print) => boot(this.options, print));
    const timeline = timelineOf(tape.session.machine, { from, to,
      names: this.options.guests.map((guest) => guest.name) });
    tape.goTo(to, this.typed);
    timeline.stop();
    return timeline;
  }
}
