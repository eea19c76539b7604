// Woven from chapters/802-timeline.md.
// A run as a picture: a lane for each CPU, from the event stream.
import { oneLine, place } from "../host";
import { CR4, CR4_PGE } from "../machine";
import type { Cpu, Machine, MachineEvent } from "../machine";
import { believes } from "./believes";
import type { Belief } from "./believes";
import { drawTimeline, MARKS, marks, signOf } from "./draw-timeline";
import type { Drawn, Mark } from "./draw-timeline";
import { Instants } from "./instants";
import { Lane } from "./lane";
import type { Idle } from "./lane";
import type { Picture } from "./picture";
import { pictureOf } from "./picture-timeline";
import { sentences, worthALine } from "./sentences";
import { guestByCr3, inGuestsWorld, NOBODY, whereIs } from "./whereis";
import type { Where } from "./whereis";

/** What to draw of a run. */
export interface TimelineOptions {
  /** What the Guests are called, in order. */
  readonly names?: readonly string[];
  /** From this instruction to before that one; default all. */
  readonly from?: number;
  readonly to?: number;
  /** How many events are told one by one, the last ones; default 24. */
  readonly close?: number;
}

/** A picture that is being made. */
export interface Timeline {
  /** The picture up to now; of at most 80 columns, but for what others
   * have said. */
  lines(): string[];
  /** The same without the close-up, in shapes that lead to instants; with
   * a mark at the instant `now`. */
  picture(now?: number): Picture;
  /** Listens no longer; what there is can still be drawn. */
  stop(): void;
}

/** Where a CPU was when it made an event. */
function whereWas(machine: Machine, cpu: Cpu, event: MachineEvent): Where {
  const { kind, source, eip } = event;
  if (kind !== "interrupt" || source === "external")
    return whereIs(machine, cpu.id);
  if (inGuestsWorld(cpu)) return guestByCr3(machine, cpu);
  return Number(eip) < place.KERNEL ? "program" : "Host";
}

function idleIn(where: Where): Idle | undefined {
  return where === "asleep" || where === "off" ? where : undefined;
}

const hasGlobals = ({ w }: Cpu) => (w[CR4]! & CR4_PGE) !== 0;

/** Events that say nothing about where a CPU is. */
const quiet = new Set(["tlb-fill", "port", "device"]);

/** How many events are told one by one; the most letters of a sentence,
 * and of a name. */
const CLOSE = 24, LONGEST = 160, LONGEST_NAME = 24;

/** Somebody's words in one line that isn't too long. */
function cut(text: string, most: number): string {
  const letters = Array.from(oneLine(text.slice(0, 2 * most)));
  return letters.length <= most ? letters.join("")
    : letters.slice(0, most).join("") + "...";
}

class Listener {
  private readonly lanes: readonly Lane[];
  private readonly instants = new Instants();
  private readonly close: string[] = [];
  private readonly from: number;
  private readonly to: number;
  /** The CPU that each Guest was entered on last. */
  private readonly homes: number[] = [];

  constructor(
    private readonly machine: Machine,
    private readonly options: TimelineOptions,
  ) {
    this.from = Math.max(options.from ?? 0, machine.count);
    this.to = options.to ?? Infinity;
    this.lanes = machine.cpus.map((cpu) => new Lane(cpu, this.from));
    for (const lane of this.lanes) {
      lane.idle = idleIn(whereIs(machine, lane.cpu.id));
      lane.global = hasGlobals(lane.cpu);
    }
  }

  hear(event: MachineEvent): void {
    const { kind, cpu: id, count } = event, lane = this.lanes[id];
    if (!lane || quiet.has(kind)) return;
    const places = this.lanes.map((one) => this.follow(one,
      one === lane ? event : undefined));
    const { loaded } = lane;
    lane.loaded = kind === "cr3";
    const text = this.textOf(event, lane, loaded);
    if (text === "" || this.outside()) return;
    const row = places.map(signOf).join(" ");
    this.close.push(`${String(count).padStart(10)}  ${row}  ` +
      `CPU ${id}: ${cut(text, LONGEST)}`);
    if (this.close.length > (this.options.close ?? CLOSE)) this.close.shift();
  }

  private outside(): boolean {
    const { count } = this.machine;
    return count < this.from || count >= this.to;
  }
  /** Fills a lane up to now if its CPU has an event, or rests, or doesn't
   * any more; says where the CPU is. */
  private follow(lane: Lane, event?: MachineEvent): Where {
    const { cpu, idle } = lane;
    const here = event ? whereWas(this.machine, cpu, event)
      : whereIs(this.machine, cpu.id);
    const rests = idleIn(here);
    if (event || rests !== idle) {
      lane.fill(Math.min(this.machine.count, this.to),
        idle ?? (rests ? "Host" : here));
      lane.idle = rests;
    }
    return here;
  }

  /** What an event says, or nothing; instants and marks are kept. */
  private textOf(event: MachineEvent, lane: Lane, loaded: boolean): string {
    const { kind } = event, mark = marks.get(kind);
    if (kind === "hostcall") return this.entering(event, lane);
    if (kind === "tlb-flush") return this.flushed(event, lane, loaded);
    if (kind === "switch") this.ask(event, lane);
    if (mark) this.mark(lane, mark);
    const text = sentences.get(kind)?.(event, this.nameOf(event.guest)) ?? "";
    const twice = kind === "guest-end" && event.state === "killed";
    if (worthALine.has(kind) && !twice) this.keep(kind, event, text);
    return text;
  }

  private mark(lane: Lane, mark: Mark): void {
    if (!this.outside())
      lane.mark(this.machine.count, 1 << MARKS.indexOf(mark));
  }

  private keep(kind: string, { count, cpu }: MachineEvent, text: string): void {
    if (this.outside()) return;
    this.instants.add(kind, { count, cpu, text: cut(text, LONGEST) });
  }
  private entering(event: MachineEvent, lane: Lane): string {
    if (event.name !== "lguest_enter") return "";
    const { guest = NOBODY } = this.ask(event, lane);
    const name = this.nameOf(guest), home = this.homes[guest];
    this.homes[guest] = event.cpu;
    if (home === undefined || home === event.cpu) return `enters ${name}`;
    this.mark(lane, "moved");
    this.keep("moves", event, `${name} comes from CPU ${home}`);
    return `enters ${name}, which was on CPU ${home}`;
  }

  private nameOf(guest: unknown): string {
    const name = guest === NOBODY ? "an unknown Guest"
      : this.options.names?.[Number(guest)] ?? `Guest ${guest}`;
    return cut(name, LONGEST_NAME);
  }
  /** What a CPU in the Host believes, and whether that is news. */
  private ask(event: MachineEvent, lane: Lane): Belief {
    const belief = believes(this.machine, lane.cpu.id), { cpu } = belief;
    if (cpu !== lane.self) {
      lane.self = cpu;
      this.mark(lane, "astray");
      this.keep("mistaken CPUs", event,
        `takes itself for CPU ${cpu} from now on`);
    }
    return belief;
  }
  private flushed(
    event: MachineEvent, lane: Lane, loaded: boolean,
  ): string {
    const went = `${event.dropped} out of the TLB, ${event.kept} stay`;
    this.mark(lane, loaded ? "cr3" : "flush");
    if (loaded) return `loads cr3: ${went}`;
    const now = hasGlobals(lane.cpu), changed = now !== lane.global;
    lane.global = now;
    const text = `${changed ? `turns PGE ${now ? "on" : "off"}`
      : "empties its TLB"}: ${went}`;
    if (changed) this.keep("changes of PGE", event, text);
    return text;
  }

  drawn(): Drawn {
    const { machine, from, lanes, close, instants } = this;
    const to = Math.min(machine.count, this.to);
    for (const lane of lanes)
      lane.fill(to, lane.idle ?? whereIs(machine, lane.cpu.id));
    const name = (guest: number) => this.nameOf(guest);
    return { from, to, lanes, name, close, instants };
  }

  lines(): string[] {
    const { from, to } = this;
    return to > from ? drawTimeline(this.drawn())
      : [`nothing to draw: the end comes before the beginning, ${from}`];
  }
}

/** Begins to draw a machine's run; a TypeError if it is no machine. */
export function timelineOf(
  machine: Machine, options: TimelineOptions = {},
): Timeline {
  if (!machine?.events)
    throw new TypeError("timelineOf takes a machine, before it runs");
  const listener = new Listener(machine, options);
  const stop = machine.events.on((event) => listener.hear(event));
  return { stop, lines: () => listener.lines(),
    picture: (now) => pictureOf(listener.drawn(), now) };
}
