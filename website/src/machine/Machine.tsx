// A machine in the page: its consoles, its buttons, panels to look into
// it, and, if the reader wants, the texts that it boots.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import useIsBrowser from "@docusaurus/useIsBrowser";
import type { Boot } from "@site/weave/guest";
import { counted, hex32 } from "../../../src/machine/ground/numbers";
import Controls from "./Controls";
import Keep from "./Keep";
import Panels from "./Panels";
import Screen, { Printer } from "./Screen";
import Texts from "./Texts";
import { hasProgram } from "./order";
import type { Kept, Order } from "./order";
import type { Watch } from "./panels";
import type { Ending } from "./protocol";
import { useKept } from "./useKept";
import { useMachine } from "./useMachine";
import type { MachineState } from "./useMachine";
import { worldOf } from "./worlds";
import styles from "./machine.module.css";

interface Props {
  /** What it boots, and how that went when the site was made. */
  readonly boot: Boot;
  /** What tells it from the others of this page. */
  readonly name: string;
  /** Whether other worlds can be chosen. */
  readonly choose?: boolean;
  /** Whether the page's address may say what to boot. */
  readonly linked?: boolean;
}

export default function Machine(props: Props) {
  const { boot: recorded, name, choose = false, linked = false } = props;
  const isBrowser = useIsBrowser();
  const printers = useMemo(() => [new Printer(), new Printer()], []);
  const print = useCallback((guest: number, text: string, fresh: boolean) => {
    if (fresh) printers[guest]?.clear();
    printers[guest]?.print(text);
  }, [printers]);
  const { state, ask, boot } = useMachine(print);
  const types = useMemo(() => [0, 1].map((guest) => (text: string) =>
    ask({ kind: "type", text, guest })), [ask]);
  const [order, setOrder] = useState<Order>(recorded.order);
  const [watch, setWatch] = useState<Watch>(recorded.watch);
  const [notice, setNotice] = useState<string>();
  /** Whether it was booted to run: then its screens are there at once. */
  const [eager, setEager] = useState(false);
  /** Somebody else's program, and where to go with it. */
  const stranger = useRef<Kept["run"]>(undefined);
  const { asked, running, ending, view } = state;
  const world = worldOf(order.world);
  const over = ending !== undefined || state.mistakes !== undefined
    || state.failed !== undefined;
  const own = JSON.stringify(order) === JSON.stringify(recorded.order);
  const verdict = told(state, order);

  // Who steps sees the CPU that did it.
  const { stepped } = view ?? {};
  useEffect(() => {
    if (stepped !== undefined)
      setWatch((old) => old.cpu === stepped ? old : { ...old, cpu: stepped });
  }, [view, stepped]);

  function look(next: Watch): void {
    setWatch(next);
    if (asked) ask({ kind: "watch", watch: next });
  }

  function start(run: boolean, next = order, to?: Kept["run"]): void {
    for (const printer of printers) printer.clear();
    setNotice(undefined);
    setOrder(next);
    setEager(run);
    ask({ kind: "watch", watch });
    boot(next, run, to ?? (run ? stranger.current : undefined));
    stranger.current = undefined;
  }

  function select(next: Order): void {
    if (asked) start(false, next);
    else setOrder(next);
  }

  function found(kept: Kept | string, byLink: boolean): void {
    if (typeof kept === "string") {
      setNotice(`This page's address says what to boot, but ${kept}.`);
      return;
    }
    setOrder(kept.order);
    setWatch(kept.watch);
    if (byLink && hasProgram(kept.order)) {
      stranger.current = kept.run;
      setNotice("This link brings a program of somebody's, which is below. "
        + "It has not been run: read it, then boot.");
    } else if (kept.run) {
      ask({ kind: "watch", watch: kept.watch });
      boot(kept.order, false, kept.run);
    }
  }

  const count = view?.count, typed = view?.typed;
  const changed = asked || hasProgram(order) && !own;
  const kept = useMemo((): Kept => ({ version: 1, order, watch: {
    ...watch, panels: [...watch.panels] },
    ...(count !== undefined && { run: { count, typed: [...typed ?? []] } }) }),
  [order, watch, count, typed]);
  useKept(name, linked, changed && !running ? kept : undefined, found);

  const rows = rowsFor(recorded.console);
  return (
    <section className={styles.machine} aria-label="The machine"
      data-machine={!asked ? "off" : running ? "running"
        : over ? "over" : "paused"}>
      {isBrowser && <Controls state={state} over={over} order={order}
        choose={choose} ask={ask} start={start} select={select} />}
      {notice && <p className={styles.notice} role="alert">{notice}</p>}
      <div className={styles.screens}>
        {!asked ? own && <pre className={styles.recorded} tabIndex={0}
          style={{ height: `${(rows * 1.3 * 13 + 28) / 16}rem` }}
          aria-label="What the Guest printed">{recorded.console}</pre>
          : world.guests.map((guest, index) => (
            <div key={`${order.world} ${guest}`}>
              {world.guests.length > 1
                && <p className={styles.whose}>{guest}</p>}
              <Screen printer={printers[index]!}
                rows={world.guests.length > 1 ? Math.min(rows, 10) : rows}
                eager={eager && !over}
                type={world.talks ? types[index] : undefined} />
            </div>))}
      </div>
      <p className={styles.ending} role="status"
        data-status={ending?.status ?? ""} data-count={count ?? ""}>
        {asked ? verdict : !own ? "Not booted yet."
          : `When the site was made: ${recorded.sentences.join(" ")}.`}
      </p>
      {isBrowser && <>
        {asked && <Panels view={view} watch={watch} cpus={world.cpus}
          look={look} ask={ask} over={over} />}
        <Texts state={state} own={recorded.order.guest} order={order}
          verdict={ending ? verdict : ""}
          shown={notice !== undefined && hasProgram(order)}
          ask={() => ask({ kind: "texts" })} onEdit={setOrder}
          onBoot={(next) => start(true, next)} />
        <Keep kept={kept} onKernel={(elf) =>
          start(true, { ...recorded.order, elf })} />
      </>}
    </section>
  );
}

function rowsFor(text: string): number {
  return Math.min(Math.max(text.split("\n").length + 1, 6), 20);
}

/** How the machine is, in a sentence. */
function told(state: MachineState, order: Order): string {
  const { running, waits, view, ending, mistakes, failed } = state;
  if (failed !== undefined) return failed;
  if (mistakes) return `The ${mistakes.text === "guest" ? "Guest's text"
    : "Switcher"} can't be assembled; see below.`;
  if (ending) return endingText(ending, order);
  if (view === undefined) return "The machine is being built…";
  const how = !running ? "Stopped" : waits ? "Waiting for you" : "Running";
  return `${how} after ${counted(
    view.count, "instruction", view.count.toLocaleString("en"))}.`;
}

function endingText(ending: Ending, { switcher, world }: Order): string {
  const text = `${ending.sentences.join(". ")}.`;
  const first = text.charAt(0).toUpperCase() + text.slice(1)
    + (worldOf(world).cpus > 1 ? " (Instructions are those of all CPUs, up "
      + "to the end of the run.)" : "")
    + (ending.missed === undefined ? "" : ` It never came to 0x${
      hex32(ending.missed)}; “To the event before” leads back.`);
  const trap = ending.trap === undefined ? ""
    : ` ${ending.status === 3 ? "The last of it was"
      : "But before that, in the Switcher, there was"} ${ending.trap}.`;
  if (ending.line === undefined || switcher === undefined)
    return first + trap;
  const line = switcher.split("\n")[ending.line - 1] ?? "";
  return `${first}${trap} That is line ${ending.line} of your Switcher: ${
    line.trim()}`;
}
