// An example with its buttons, and what it printed: when the site was
// made, or just now.
import {
  type KeyboardEvent, type ReactNode, useEffect, useRef, useState,
} from "react";
import useIsBrowser from "@docusaurus/useIsBrowser";
import type { Caption } from "@site/weave/captions";
import Editor from "@site/src/components/Editor";
import type { Problem } from "../../../src/loom/problem";
import type { Outcome } from "./loom";
import Drawing from "@site/src/drawing/Drawing";
import { cut, outputText } from "./output";
import { run } from "./run";
import { useKeptText } from "./useKeptText";
import styles from "./example.module.css";

type State =
  | { readonly kind: "recorded" | "running" | "stopped" }
  | { readonly kind: "done"; readonly failed?: Outcome["failed"];
      readonly later?: Problem };

interface Props {
  readonly example: NonNullable<Caption["example"]>;
  readonly code: string;
  readonly children: ReactNode;
}

export default function Example({ example, code, children }: Props) {
  const { slug, section, line, recorded } = example;
  const isBrowser = useIsBrowser();
  const original = code.replace(/\n$/, "");
  const [state, setState] = useState<State>({ kind: "recorded" });
  const [last, setOutcome] = useState(recorded);
  const [text, setText, solved] =
    useKeptText(`${slug}:${line}`, original);
  const red = recorded?.failed !== undefined;
  const changed = text !== undefined && text !== original;
  const [opened, setOpened] = useState(false);
  const outcome = changed && state.kind === "recorded" ? undefined : last;
  const cancel = useRef(() => {});
  useEffect(() => () => cancel.current(), []);

  /** Another text; how the one before it went is no longer of interest. */
  function change(next: string | undefined): void {
    cancel.current();
    setText(next);
    setState({ kind: "recorded" });
    setOutcome(recorded);
  }

  function start(): void {
    setState({ kind: "running" });
    setOutcome({ line, printed: [], more: 0, claims: 0 });
    const edited = changed ? { edited: text } : {};
    cancel.current = run({ slug, section, line, ...edited }, (report) => {
      if (report.kind === "printed")
        setOutcome((before) => ({ line, claims: 0, more: report.more,
          printed: [...before?.printed ?? [], ...report.lines] }));
      else if (report.kind === "mistake")
        setState({ kind: "done", failed: { line, ...report } });
      else {
        const one = report.outcomes.at(-1);
        setOutcome(one?.line === line ? one : undefined);
        setState({ kind: "done", later: report.later,
          ...(one?.failed && { failed: one.failed }) });
        if (red && changed && one?.line === line)
          setText(text, one.failed === undefined);
      }
    });
  }

  function stop(): void {
    cancel.current();
    setState({ kind: "stopped" });
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (!running) start();
  }

  const running = state.kind === "running";
  return (
    <div className={styles.example} data-example={`${slug}:${line}`}
      onKeyDown={onKeyDown}
      data-state={state.kind === "done" && state.failed
        ? "failed" : state.kind}>
      {text === undefined ? children
        : <Editor value={text} onChange={change} language="ts"
          label="The example, to be edited" first={line + 1}
          focused={opened} />}
      <div className={styles.bar}>
        {isBrowser && <>
          <button type="button" className="book-button"
            title="Ctrl-Enter, within the example"
            onClick={running ? stop : start}>
            {running ? "Stop" : "Run"}
          </button>
          <button type="button" className="book-button book-button--quiet"
            onClick={() => {
              setOpened(text === undefined);
              if (text === undefined) setText(original);
              else change(undefined);
            }}>
            {text === undefined ? "Edit" : "Put it back"}
          </button>
        </>}
        <span className={styles.state} role="status" data-solved={solved}>
          {solved && !running && "✓ "}
          {solved && state.kind === "recorded" ? "green when it last ran"
            : sentence(state, outcome, changed, red)}
        </span>
      </div>
      {state.kind === "done" && state.failed
        && <pre className={styles.failed} tabIndex={0}>
          {`${slug}, line ${state.failed.line}\n${state.failed.message}`}
        </pre>}
      {outcome && outcome.printed.length > 0 && <Printed outcome={outcome}
        least={running || state.kind === "stopped" ? "at least " : ""} />}
    </div>
  );
}

/** What it printed: pictures are drawn, and the rest is text. */
export function Printed({ outcome, least = "" }: {
  outcome: Outcome; least?: string }) {
  const { more } = outcome, parts = cut(outcome);
  return parts.map((part, index) => {
    if ("shapes" in part) return <Drawing key={index} shapes={part.shapes} />;
    const rest = index === parts.length - 1 ? more : 0;
    if (part.length === 0 && rest === 0) return null;
    return (
      <pre key={index} className={styles.output} tabIndex={0}
        aria-label="What the example printed">
        {outputText({ printed: [...part], more: rest }, least)}
      </pre>);
  });
}

/** How it went, in a few words. */
function sentence(
  state: State, outcome: Outcome | undefined, changed: boolean, red: boolean,
): string {
  switch (state.kind) {
    case "running": return "running…";
    case "stopped": return "stopped";
    case "done":
      if (state.failed) return red ? "still red" : "failed";
      return (red ? "green " : "")
        + (outcome?.claims ? `just now: ${held(outcome)}` : "just now")
        + (state.later ? `; line ${state.later.line} no longer fits: ${
          state.later.message}` : "");
    case "recorded":
      if (changed) return "changed, and not run yet";
      if (outcome?.failed) return "it fails, as it should, until you have "
        + "done it";
      if (outcome?.claims) return `in the tests: ${held(outcome)}`;
      return outcome?.printed.length ? "this is what it printed in the tests"
        : "";
  }
}

function held({ claims }: Outcome): string {
  return claims === 1 ? "its claim holds" : `its ${claims} claims hold`;
}
