// The machine in a worker. It runs by turns, and hears us in between.
import { defaultGuest, guestText, monitorGuest } from
  "../../../src/guest";
import { buildHost, lguestMap, switcherText } from "../../../src/lguest";
import { boot, inputCanWakeGuest } from "../../../src/launcher";
import type { Session } from "../../../src/launcher";
import { hex32 } from "../../../src/machine";
import type { MachineEvent } from "../../../src/machine";
import type { Answer, Order, Request, Told } from "./protocol";
import {
  assembleGuest, editable, end, mistakesOf, slice, switcherLine,
} from "./session";
import type { Reason } from "./session";
import { happening, nearest, viewOf, worthTelling } from "./view";
import type { Labels } from "./view";

const instructions = 200_000;
/** Milliseconds of a turn. A timer for each slice would make the page draw,
 * and the machine wait, for most of the time. */
const turn = 50;
const kept = 60;

let session: Session | undefined;
let order: Order | undefined;
let labels: Labels = [];
/** The last events that are worth telling. */
let events: MachineEvent[] = [];
let running = false;
/** Whether the Guest sleeps until somebody types. */
let waits = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let number = 0;
/** What the Guest has printed and nobody has been told yet. */
let printed = "";

interface Trap {
  readonly vector: number;
  readonly eip: number;
  readonly address?: number;
}

/** The first of the traps that came without any instruction between. */
let trap: Trap | undefined;
let trapCount = -1;
/** The first trap in the Switcher's text. There should be none. */
let inSwitcher: Trap | undefined;

/** Remembers a trap; those that follow from it say less than it does. */
function noteTrap(event: MachineEvent): void {
  if (event.count === trapCount) return;
  trapCount = event.count;
  const { vector, eip, address } = event;
  if (typeof vector !== "number" || typeof eip !== "number") return;
  trap = { vector, eip, ...(typeof address === "number" && { address }) };
  if (eip >>> 0 >= lguestMap.SWITCHER) inSwitcher ??= trap;
}

function say(answer: Answer): void {
  const told: Told = { ...answer, boot: number };
  postMessage(told);
}

/** Tells what the Guest has printed, at once, however often it did. */
function tellConsole(): void {
  if (printed !== "") say({ kind: "console", text: printed });
  printed = "";
}

function tellView(): void {
  const cpu = session?.machine.cpus[0];
  if (cpu) say({ kind: "view", running, waits,
    view: viewOf(cpu, labels, events.map(happening)) });
}

/** Something of a reader's that was not to be assembled. */
function attempt<T>(text: "guest" | "switcher", action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    const mistakes = mistakesOf(error);
    if (mistakes) say({ kind: "mistakes", text, mistakes });
    else say({ kind: "failed", message: String(error) });
    return undefined;
  }
}

function start(wanted: Order): void {
  session = undefined;
  running = false;
  waits = false;
  printed = "";
  events = [];
  trap = undefined;
  trapCount = -1;
  inSwitcher = undefined;
  const { guest, switcher, memory, append, talk } = order = wanted;
  const image = attempt("guest", () => talk ? monitorGuest()
    : guest === undefined ? defaultGuest() : assembleGuest(guest));
  if (image === undefined) return;
  const host = attempt("switcher", () =>
    buildHost(switcher === undefined ? {} : { switcher }));
  if (host === undefined) return;
  labels = [...host.symbols].filter(([, at]) => at >= 0xc0000000);
  const decoder = new TextDecoder();
  const module = { name: "the Guest", image, commandLine: append,
    memory: memory << 20 };
  session = boot({ guests: [module],
    ...(switcher !== undefined && { switcher }) }, (bytes: Uint8Array) => {
    printed += decoder.decode(bytes, { stream: true });
  });
  session.machine.events.on((event) => {
    if (event.kind === "exception") noteTrap(event);
    if (worthTelling.has(event.kind))
      events = [...events.slice(1 - kept), event];
  });
}

/** Runs for a turn, and for another one if nobody says stop. */
function goOn(): void {
  if (!running || session === undefined) return;
  waits = false;
  const until = performance.now() + turn;
  let reason: Reason;
  do reason = slice(session, instructions);
  while (reason === "budget" && performance.now() < until);
  clearTimeout(timer);
  if (reason === "budget") timer = setTimeout(goOn);
  finish(reason);
  tellView();
}

function finish(reason: Reason): void {
  tellConsole();
  if (session === undefined || reason === "budget") return;
  waits = reason === "halted" && inputCanWakeGuest(session);
  if (waits) return;
  running = false;
  if (reason === "stopped") return;
  const { status, sentences } = end(session, reason);
  const { switcher } = order ?? {};
  // A Guest may be blamed for what the Switcher has done.
  const died = status === 3 ? trap
    : switcher && status !== 0 ? inSwitcher : undefined;
  const told = status === 3
    && sentences.some((one) => one.includes("trap "));
  const line = died && switcher && switcherLine(switcher, died.eip);
  say({ kind: "end", ending: { status, sentences,
    ...(died && !told && { trap: tellTrap(died) }),
    ...(line && { line }) } });
}

function tellTrap({ vector, eip, address }: Trap): string {
  const label = nearest(labels, eip);
  return `trap ${vector} at 0x${hex32(eip)}`
    + (label === "" ? "" : `, ${label}`)
    + (address === undefined ? "" : `, for 0x${hex32(address)}`);
}

/** On to the next world switch, trap or hypercall. */
function toNext(): void {
  const { machine } = session ?? {};
  const off = machine?.events.on((event) => {
    if (worthTelling.has(event.kind)) machine.requestStop();
  });
  if (session) finish(slice(session, 50_000_000));
  off?.();
}

/** What is typed goes through the gate, as far as there is room. */
function type(text: string): void {
  if (session === undefined) return;
  const { gate } = session, bytes = new TextEncoder().encode(text);
  const some = bytes.subarray(0, gate.typed.room(0));
  if (some.length > 0) gate.enter(some, 0);
}

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  switch (data.kind) {
    case "texts":
      say({ kind: "texts", guest: editable(guestText),
        switcher: editable(switcherText) });
      return;
    case "boot":
      ({ number } = data);
      start(data.order);
      if (session === undefined) return;
      running = data.run;
      if (running) tellView();
      break;
    case "run": running = session !== undefined; break;
    case "stop": running = false; break;
    case "step":
      running = false;
      if (session) finish(slice(session, 1));
      break;
    case "type": type(data.text); break;
    case "next":
      running = false;
      toNext();
  }
  if (running) goOn();
  else tellView();
});
