// The machine in a worker. It runs by turns, and hears us in between.
import { guestText } from "../../../src/guest";
import { buildHost, lguestMap, switcherText } from "../../../src/lguest";
import { boot, inputCanWakeGuest, Rewind, sessionEnd, UserError } from
  "../../../src/launcher";
import type { StopReason } from "../../../src/launcher";
import { CPL, EIP, hex32 } from "../../../src/machine";
import type { Cpu, MachineEvent } from "../../../src/machine";
import { History } from "./history";
import { Lines } from "./lines";
import type { Order, Typed } from "./order";
import type { Watch } from "./panels";
import type { Answer, Ending, Request, Told } from "./protocol";
import { editable, mistakesOf, optionsFor, switcherLine } from "./session";
import { happening, picturesOf, placesOf, worthTelling } from "./view";
import type { Scene } from "./view";

const instructions = 200_000;
/** Milliseconds of a turn. A timer for each slice would make the page draw,
 * and the machine wait, for most of the time. */
const turn = 50;
/** In slow motion: instructions of a turn, and milliseconds between two. */
const few = 20, pause = 200;
/** Milliseconds between two views while it runs. */
const rest = 150;
const kept = 60;

interface Trap {
  readonly count: number;
  readonly vector: number;
  readonly eip: number;
  readonly address?: number;
}

let number = 0;
let order: Order | undefined;
let tape: Rewind | undefined;
let scene: Scene | undefined;
let watch: Watch = { panels: [], cpu: 0, address: 0, zoom: 0 };
/** The last events that are worth telling. */
let events: MachineEvent[] = [];
let ending: Ending | undefined;
let running = false;
let slow = false;
/** Whether the Guest sleeps until somebody types. */
let waits = false;
/** What stops it, and where to; what is to be typed on the way. */
let until: ((cpu: Cpu) => boolean) | undefined;
/** The CPU at which it has stopped, as it was asked to. */
let stepped: number | undefined;
/** The address on the way to which it is. */
let sought: number | undefined;
let target = Infinity;
let toType: Typed[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let lastView = 0;
/** How much of what the Guests have printed has been told. */
let told = 0;
let decoders: TextDecoder[] = [];
/** While the past is made again: what is heard of it. */
let again: MachineEvent[] | undefined;

/** The first of the traps that came without any instruction between. */
let trap: Trap | undefined;
/** The first trap in the Switcher's text. There should be none. */
let inSwitcher: Trap | undefined;

/** Remembers a trap; those that follow from it say less than it does. */
function noteTrap(event: MachineEvent): void {
  if (event.count === trap?.count) return;
  const { count, vector, eip, address } = event;
  if (typeof vector !== "number" || typeof eip !== "number") return;
  trap = { count, vector, eip, ...(typeof address === "number" && { address }) };
  if (eip >>> 0 >= lguestMap.SWITCHER) inSwitcher ??= trap;
}

function hear(event: MachineEvent): void {
  const worth = worthTelling.has(event.kind);
  if (again) {
    if (worth) again = [...again.slice(1 - kept), event];
    return;
  }
  if (event.kind === "exception") noteTrap(event);
  if (worth) events = [...events.slice(1 - kept), event];
}

function say(answer: Answer): void {
  const message: Told = { ...answer, boot: number };
  postMessage(message);
}

/** Tells what the Guests have printed, at once, however often they did. */
function tellConsole(): void {
  if (tape === undefined) return;
  const { printed } = tape, fresh = printed.length < told;
  if (fresh) forgetConsole();
  const texts: string[] = [];
  for (const { bytes, guest } of printed.slice(told)) {
    decoders[guest] ??= new TextDecoder();
    texts[guest] = (texts[guest] ?? "") +
      decoders[guest].decode(bytes, { stream: true });
  }
  told = printed.length;
  scene?.names.forEach((_, guest) => {
    const text = texts[guest] ?? "";
    if (fresh || text !== "") say({ kind: "console", guest, text, fresh });
  });
}

function forgetConsole(): void {
  told = 0;
  decoders = [];
}

function tellView(): void {
  if (tape === undefined || scene === undefined) return;
  lastView = performance.now();
  const { count } = tape.session.machine;
  scene.history.reached(count, tape.typed);
  const typed = tape.typed.map(({ count, guest, bytes }) =>
    ({ count, guest, text: new TextDecoder().decode(bytes) }));
  say({ kind: "view", running, waits, ...(ending && { ending }),
    view: { count, typed, ...(stepped !== undefined && { stepped }),
      places: placesOf(scene, !running || slow),
      pictures: picturesOf(scene, watch, running && !waits),
      happenings: events.map(happening) } });
}

/** Something of a reader's that was not to be assembled, or to be loaded. */
function attempt<T>(
  text: "guest" | "switcher", action: () => T,
): T | undefined {
  try {
    return action();
  } catch (error) {
    const mistakes = mistakesOf(error);
    if (mistakes) say({ kind: "mistakes", text, mistakes });
    else say({ kind: "failed", message: error instanceof UserError
      ? `This can't be booted: it ${error.message}.` : String(error) });
    return undefined;
  }
}

function start(wanted: Order): void {
  tape = scene = ending = trap = inSwitcher = undefined;
  events = [];
  running = waits = false;
  again = undefined;
  halt();
  forgetConsole();
  order = wanted;
  const options = attempt("guest", () => optionsFor(wanted));
  const { switcher } = options ?? {};
  if (options === undefined || attempt("switcher",
    () => buildHost(switcher === undefined ? {} : { switcher })) === undefined)
    return;
  tape = attempt("guest", () => new Rewind((print) => boot(options, print)));
  if (tape === undefined) return;
  const { machine } = tape.session;
  let lines: Lines | undefined;
  scene = { machine, names: options.guests.map((one) => one.name),
    history: new History(options),
    get lines() { return lines ??= new Lines(wanted, switcher); } };
  machine.events.on(hear);
}

/** Nothing more to go to, or to stop at. */
function halt(): void {
  until = sought = undefined;
  target = Infinity;
  toType = [];
}

/** Runs a part of a turn. */
function part(machine: Rewind, most: number): StopReason {
  const { count } = machine.session.machine;
  const [next] = toType;
  if (next && next.count <= count) {
    toType = toType.slice(1);
    machine.type(new TextEncoder().encode(next.text), next.guest);
  }
  const end = Math.min(target, toType[0]?.count ?? Infinity);
  const reason = machine.run(Math.min(most, end - count), until);
  const now = machine.session.machine.count;
  // What is to be typed doesn't come to a run that has gone another way.
  if (reason !== "budget" && now < end) toType = [];
  if (toType.length > 0 && toType[0]!.count <= now) return "budget";
  return now >= target ? "stopped" : reason;
}

/** Runs for a turn, and for another one if nobody says stop. */
function goOn(): void {
  if (!running || tape === undefined) return;
  waits = false;
  const end = performance.now() + turn, careful = slow && target === Infinity;
  let reason: StopReason;
  do reason = part(tape, careful ? few : instructions);
  while (reason === "budget" && !careful && performance.now() < end);
  clearTimeout(timer);
  if (reason === "budget") timer = setTimeout(goOn, careful ? pause : 0);
  finish(reason);
  const late = performance.now() - lastView > rest;
  if (!running || waits || careful || late) tellView();
}

function finish(reason: StopReason): void {
  tellConsole();
  if (tape === undefined || reason === "budget") return;
  waits = reason === "halted" && inputCanWakeGuest(tape.session);
  if (waits) {
    halt();
    return;
  }
  running = false;
  const missed = sought;
  halt();
  if (reason === "stopped") return;
  const { status, sentences } = sessionEnd(tape.session, reason);
  const { switcher } = order ?? {};
  // A Guest may be blamed for what the Switcher has done.
  const died = status === 3 ? trap
    : switcher && status !== 0 ? inSwitcher : undefined;
  const known = status === 3
    && sentences.some((one) => one.includes("trap "));
  const line = died && switcher && switcherLine(switcher, died.eip);
  ending = { status, sentences,
    ...(died && !known && { trap: tellTrap(died) }),
    ...(line && { line }), ...(missed !== undefined && { missed }) };
}

function tellTrap({ vector, eip, address }: Trap): string {
  const label = scene?.lines.label(
    eip >>> 0 >= lguestMap.SWITCHER ? "Switcher" : "Host", eip >>> 0);
  const beyond = label ? (eip >>> 0) - label[1] : 0;
  return `trap ${vector} at 0x${hex32(eip)}`
    + (label ? `, ${label[0]}${beyond ? `+0x${beyond.toString(16)}` : ""}` : "")
    + (address === undefined ? "" : `, for 0x${hex32(address)}`);
}

/** Has a look at a CPU. */
function follow(cpu: number): void {
  stepped = cpu;
  watch = { ...watch, cpu };
}

/** On until something stops it at a CPU. */
function runUntil(stop: (cpu: Cpu) => number | undefined): void {
  until = (cpu) => {
    const at = stop(cpu);
    if (at !== undefined) follow(at);
    return at !== undefined;
  };
  running = true;
}

/** On to the next world switch, trap or hypercall. */
function toNext(): void {
  const last = events.at(-1);
  runUntil(() => events.at(-1) === last ? undefined : events.at(-1)?.cpu);
}

function toAddress(address: number): void {
  runUntil(({ w, id }) => w[EIP]! >>> 0 === address ? id : undefined);
  sought = address;
}

const isInSwitcher = ({ w }: Cpu) =>
  w[CPL] === 0 && w[EIP]! >>> 0 >= lguestMap.SWITCHER;

/** On to where a CPU comes into the Switcher. */
function toSwitcher(): void {
  const inside = tape!.session.machine.cpus.map(isInSwitcher);
  runUntil((cpu) => {
    const was = inside[cpu.id];
    inside[cpu.id] = isInSwitcher(cpu);
    return !was && inside[cpu.id] ? cpu.id : undefined;
  });
}

function step(): void {
  running = false;
  halt();
  if (tape === undefined) return;
  const { cpus } = tape.session.machine;
  const before = cpus.map(({ retired }) => retired);
  const reason = tape.run(1);
  const one = cpus.find(({ retired }, id) => retired !== before[id]);
  if (one) follow(one.id);
  finish(reason === "budget" ? "stopped" : reason);
}

/** To an instruction that has been, or from there on again. */
function back(count: number): void {
  if (tape === undefined || count < 0) return;
  running = waits = false;
  halt();
  ending = undefined;
  if (trap && trap.count > count) trap = undefined;
  if (inSwitcher && inSwitcher.count > count) inSwitcher = undefined;
  again = [];
  tape.goTo(count);
  // What was made again is known anew, and what was before it still.
  const since = again[0]?.count ?? count + 1;
  events = [...events.filter((one) => one.count < since), ...again]
    .slice(-kept);
  again = undefined;
  tellConsole();
}

/** Back to before the last event of the past. If none is known any more,
 * more and more of the past is made again; if there was none, to the boot. */
function toEventBefore(): void {
  if (tape === undefined) return;
  const now = tape.session.machine.count;
  const last = () => events.filter((one) => one.count < now).at(-1);
  for (let far = 1; far <= now && last() === undefined; far *= 16) {
    back(now - far);
    back(now - 1);
  }
  const event = last();
  back(event?.count ?? 0);
  if (event) follow(event.cpu);
}

function go(count: number): void {
  if (tape === undefined) return;
  if (count <= tape.session.machine.count) back(count);
  else {
    target = count;
    running = true;
  }
}

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  stepped = undefined;
  switch (data.kind) {
    case "texts":
      say({ kind: "texts", guest: editable(guestText),
        switcher: editable(switcherText) });
      return;
    case "watch":
      ({ watch } = data);
      tellView();
      return;
    case "boot":
      ({ number } = data);
      start(data.order);
      if (tape === undefined) return;
      running = data.run;
      if (data.to) {
        target = data.to.count;
        toType = data.to.typed;
        running = true;
      }
      if (running) tellView();
      break;
    case "run": halt(); running = tape !== undefined; break;
    case "stop": running = false; halt(); break;
    case "step": step(); break;
    case "back": back((tape?.session.machine.count ?? 0) - 1); break;
    case "before": toEventBefore(); break;
    case "go": go(data.count); break;
    case "speed": ({ slow } = data); break;
    case "until": if (tape) toAddress(data.address); break;
    case "type":
      tape?.type(new TextEncoder().encode(data.text), data.guest);
      break;
    case "next": if (tape) toNext(); break;
    case "switcher": if (tape) toSwitcher();
  }
  if (running) goOn();
  else tellView();
});
