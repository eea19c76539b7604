// A machine in the page: its console, its buttons, what goes on in it,
// and, if the reader wants, the texts that it boots.
import { useCallback, useMemo, useState } from "react";
import useIsBrowser from "@docusaurus/useIsBrowser";
import type { Boot } from "@site/weave/guest";
import { counted } from "../../../src/machine/ground/numbers";
import Panel from "./Panel";
import Screen, { Printer } from "./Screen";
import Texts from "./Texts";
import type { Edits } from "./Texts";
import type { Ending, Order } from "./protocol";
import { useMachine } from "./useMachine";
import type { MachineState } from "./useMachine";
import styles from "./machine.module.css";

export default function Machine({ boot: recorded }: { boot: Boot }) {
  const isBrowser = useIsBrowser();
  const printer = useMemo(() => new Printer(), []);
  const { state, ask, boot } = useMachine(printer.print);
  const [edits, setEdits] = useState<Edits>({});
  const [talks, setTalks] = useState(false);
  const { asked, running, ending } = state;
  const lines = recorded.console.split("\n").length;
  const rows = Math.min(Math.max(lines + 1, 6), 20);

  function start(run: boolean, texts = edits, talk = false): void {
    printer.clear();
    setTalks(talk);
    const guest = texts.guest ?? recorded.text;
    const { switcher } = texts;
    const order: Order = { memory: recorded.memory,
      append: recorded.append,
      ...(guest !== undefined && { guest }),
      ...(switcher !== undefined && { switcher }), ...(talk && { talk }) };
    boot(order, run);
  }

  const type = useCallback((text: string) =>
    ask({ kind: "type", text }), [ask]);
  const over = ending !== undefined || state.mistakes !== undefined
    || state.failed !== undefined;
  return (
    <section className={styles.machine} aria-label="The machine"
      data-machine={!asked ? "off" : running ? "running"
        : over ? "over" : "paused"}>
      {isBrowser && (
        <div className={styles.bar}>
          <button type="button" className="book-button"
            onClick={() => start(true)}>
            {asked ? "Boot again" : "Boot"}
          </button>
          {asked && <>
            <button type="button" className="book-button book-button--quiet"
              disabled={over}
              onClick={() => ask({ kind: running ? "stop" : "run" })}>
              {running ? "Stop" : "Run"}
            </button>
            <button type="button" className="book-button book-button--quiet"
              disabled={over} onClick={() => ask({ kind: "step" })}>
              Step
            </button>
            <button type="button" className="book-button book-button--quiet"
              disabled={over} onClick={() => ask({ kind: "next" })}>
              To the next event
            </button>
          </>}
          <button type="button" className="book-button book-button--quiet"
            onClick={() => start(false)}>
            {asked ? "Reset" : "Power on, and wait"}
          </button>
          {recorded.text === undefined &&
            <button type="button" className="book-button book-button--quiet"
              onClick={() => start(true, edits, true)}>
              Talk to a kernel
            </button>}
        </div>)}
      <div className={styles.body}>
        {asked ? <Screen printer={printer} rows={rows}
          type={talks ? type : undefined} />
          : <pre className={styles.recorded} tabIndex={0}
            style={{ height: `${(rows * 1.3 * 13 + 28) / 16}rem` }}
            aria-label="What the Guest printed">{recorded.console}</pre>}
        {asked && <Panel view={state.view} />}
      </div>
      <p className={styles.ending} role="status"
        data-status={ending?.status ?? ""}>
        {asked ? told(state, edits) : `When the site was made: ${
          recorded.sentences.join(" ")}.`}
      </p>
      {isBrowser && <Texts state={state} own={recorded.text} edits={edits}
        ask={() => ask({ kind: "texts" })}
        onEdit={setEdits} onBoot={(texts) => start(true, texts)} />}
    </section>
  );
}

/** How the machine is, in a sentence. */
function told(state: MachineState, edits: Edits): string {
  const { running, waits, view, ending, mistakes, failed } = state;
  if (failed !== undefined) return failed;
  if (mistakes) return `The ${mistakes.text === "guest" ? "Guest's text"
    : "Switcher"} can't be assembled; see below.`;
  if (ending) return endingText(ending, edits);
  if (view === undefined) return "The machine is being built…";
  const how = !running ? "Stopped" : waits ? "Waiting for you" : "Running";
  return `${how} after ${counted(
    view.count, "instruction", view.count.toLocaleString("en"))}.`;
}

function endingText(ending: Ending, { switcher }: Edits): string {
  const text = `${ending.sentences.join(". ")}.`;
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  const trap = ending.trap === undefined ? ""
    : ` ${ending.status === 3 ? "The last of it was"
      : "But before that, in the Switcher, there was"} ${ending.trap}.`;
  if (ending.line === undefined || switcher === undefined)
    return first + trap;
  const line = switcher.split("\n")[ending.line - 1] ?? "";
  return `${first}${trap} That is line ${ending.line} of your Switcher: ${
    line.trim()}`;
}
