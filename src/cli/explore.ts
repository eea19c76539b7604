// Woven from chapters/839-searchers.md.
import {
  calmSchedule, drawSchedule, followStory, shorten, turnsOf,
} from "../debug";
import type { Attempt, Story } from "../debug";
import { attempts, boot, placesOfCpus, run, UserError } from
  "../launcher";
import type { Attempts, Outcome, Session } from "../launcher";
import { counted, FOR_EVER } from "../machine";
import type { TurnList } from "../machine";
import { checkFor } from "./checks";
import { probeAll, SPENT, worldOf } from "./io";
import type { Io } from "./io";
import type { ExploreCall, RunCall } from "./options";
import { placementText, SAMPLE, tryPlaces } from "./placement";
import { recordRun } from "./record-run";
import { bootOptionsOf, onlyFiles } from "./run";
import { attemptsOf, searchOn, tryNumber } from "./searchers";
import type { Brief, Task } from "./searchers";

/** Instructions of a run, unless something else is asked for. */
const USUAL_LIMIT = 10_000_000;

/** What is to be done, after a run in which nobody is disturbed. */
function prepare({ run: asked, ...call }: ExploreCall, io: Io): Task {
  const { maxInstructions: most } = asked;
  const limit = most === Infinity ? USUAL_LIMIT : most;
  const { until } = call;
  const hunt = { boot: bootOptionsOf(asked, io), until, limit };
  const calm = attempts(hunt)(calmSchedule(asked.cpus));
  if (until === "hang" && calm.status === SPENT) {
    throw new UserError(`--until hang: the undisturbed run isn't over after ` +
      `${limit} instructions, either; try more --max-instructions`);
  }
  if (until === "wrong" && calm.status !== 0) {
    throw new UserError("--until wrong needs to know what is right, and " +
      `the undisturbed run has status ${calm.status}; try --until ` +
      `${calm.status === 3 ? "oops" : calm.status === 1 ? "kill" : "hang"}`);
  }
  const { schedules, changes } = call, { cpus, seed } = asked;
  return { hunt: { ...hunt, answers: calm.said },
    search: { schedules, changes, cpus, seed,
      length: Math.max(1, calm.instructions) } };
}

/** A schedule's number, and what came of it. */
interface Catch { readonly n: number; readonly brief: Brief }

/** What a search has seen. */
interface Seen {
  /** The lowest number that does it. */
  first?: Catch;
  /** How many ended with which status. */
  readonly ends: Map<number, number>;
  /** How many of the sample do it. */
  sample: number;
}

async function search(
  task: Task, attempt: Attempts, workers: number, io: Io,
): Promise<Seen> {
  const seen: Seen = { ends: new Map(), sample: 0 }, start = Date.now();
  let tried = 0;
  const hear = (n: number, brief: Brief) => {
    const { status, found } = brief;
    const seconds = Math.max(0.1, (Date.now() - start) / 1000);
    seen.ends.set(status, (seen.ends.get(status) ?? 0) + 1);
    tried++;
    if (found !== undefined && n <= SAMPLE) seen.sample++;
    if (found !== undefined && n <= (seen.first?.n ?? n))
      seen.first = { n, brief };
    io.progress?.(`${counted(tried, "schedule")}, ` +
      `${(tried / seconds).toFixed(0)} a second`);
  };
  const { schedules } = task.search;
  for (let n = 1; n <= Math.min(SAMPLE, schedules); n++)
    hear(n, tryNumber(attempt, task, n));
  if (!seen.first && schedules > SAMPLE)
    await searchOn(task, SAMPLE + 1, workers, hear);
  return seen;
}

const ENDS = [[0, "ended well"], [1, "lost a Guest"],
  [3, "lost the Host or a program"], [4, "ran out of instructions"]] as
  const;

/** What was looked for, and how it ended where it wasn't found. */
function survivors({ hunt, search }: Task, { ends }: Seen): string[] {
  const how = ENDS.flatMap(([status, what]) =>
    ends.has(status) ? [`${ends.get(status)} ${what}`] : []);
  return [`${hunt.until}: none of ${counted(search.schedules, "schedule")} ` +
    "does it", `they have ${counted(search.changes, "change")} below ` +
    `instruction ${search.length}, by seed ${search.seed}; ${how.join(", ")}`];
}
/** A schedule with few switches, and what there is to say of it. */
interface Shortest {
  readonly schedule: RunCall["schedule"];
  /** Instructions within which it happens. */
  readonly limit: number;
  readonly lines: readonly string[];
}

function shortest(
  { hunt, search }: Task, attempts: Attempts, { n, brief }: Catch, io: Io,
): Shortest {
  let tried = 0;
  const trying = (limit: number): Attempt => (schedule, meet) => {
    io.progress?.(`shortening, ${counted(tried++, "run")}`);
    return attempts(schedule, meet, limit);
  };
  const whole = trying(hunt.limit), drawn = drawSchedule(n, search);
  const { instructions } = whole(drawn), turns = turnsOf(whole, drawn);
  const hangs = hunt.until === "hang", limit = hangs ? hunt.limit
    : Math.min(hunt.limit, 4 * instructions + 100_000);
  const short = shorten(turns, trying(limit), hangs ? 1000 : FOR_EVER);
  if (short.found === undefined) {
    throw new UserError(`schedule ${n} does it (${brief.found}), and its ` +
      "turns, written down, do not; nothing is kept, try another --seed");
  }
  const { runs, schedule } = short, left = [...schedule.turns];
  const switches = (of: number) => counted(of - 1, "switch");
  return { schedule: { ...schedule, turns: left }, limit, lines: [
    `${hunt.until}: schedule ${n} of ${search.schedules} does it, after ` +
      counted(instructions, "instruction"), `  ${brief.found}`,
    `it has ${switches(turns.length)}; ${switches(left.length)} are ` +
      `enough, found with ${counted(runs, "run")}`,
    ...short.found === brief.found ? [] : [`  ${short.found}`],
    ...tell(hunt, attempts, schedule, limit)] };
}

function tell(
  { boot: { guests } }: Task["hunt"], attempts: Attempts,
  schedule: TurnList, limit: number,
): string[] {
  let story: Story | undefined;
  const where = (session: Session, cpu: number) =>
    (placesOfCpus(session)[cpu] ?? "").replace(/^CPU \d+ /, "");
  attempts(schedule, (session) => {
    story = followStory(session.machine, {
      guests: guests.map(({ name }) => name),
      where: (cpu) => where(session, cpu) });
    return () => story!.stop();
  }, limit);
  return story!.lines();
}

function keep(
  asked: RunCall, until: Outcome, { schedule, limit }: Shortest, io: Io,
): string {
  const call = { ...asked, schedule, maxInstructions: limit };
  const record = recordRun(call, io);
  if (!record) return "add --record FILE to keep it";
  const session = boot(bootOptionsOf(call, io));
  record.listen(session.gate);
  record.end(session.machine, run(session, limit));
  const check = checkFor(until);
  return `written to ${asked.record}; try lguest run --replay ` +
    asked.record + (check ? ` --check ${check}` : "");
}

/** Carries out `lguest explore`; resolves to the exit status. */
export async function exploreCommand(
  call: ExploreCall, world: Io,
): Promise<number> {
  const { run: asked } = call, io = worldOf(asked, world);
  probeAll(onlyFiles(asked), io);
  const say = (lines: readonly string[]) => io.print(new TextEncoder()
    .encode(lines.map((line) => `${line}\n`).join("")));
  const start = Date.now(), task = prepare(call, io);
  const attempt = attemptsOf(task);
  const seen = await search(task, attempt, call.workers, io);
  const { first } = seen;
  io.progress?.("");
  if (first) {
    const found = shortest(task, attempt, first, io);
    io.progress?.("");
    say([...found.lines, ...placementText(tryPlaces(task, seen.sample)),
      keep(asked, call.until, found, io)]);
  } else {
    say([...survivors(task, seen),
      ...placementText(tryPlaces(task, 0))]);
  }
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  io.complain(`lguest: this took ${seconds} s\n`);
  return first ? 0 : 1;
}
