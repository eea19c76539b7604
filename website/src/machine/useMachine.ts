// The worker with the machine, as state that a component can draw. The
// worker starts when somebody asks for the machine, and not before.
import { useCallback, useEffect, useReducer, useRef } from "react";
import type { Order, Typed } from "./order";
import type { Answer, Ending, Request, Told, View } from "./protocol";
import type { Mistake } from "./session";

/** All that a page knows about its machine. */
export interface MachineState {
  /** False until somebody boots it. */
  readonly asked: boolean;
  readonly running: boolean;
  readonly waits?: boolean;
  readonly view?: View;
  readonly ending?: Ending | undefined;
  readonly mistakes?: { readonly text: "guest" | "switcher";
    readonly list: readonly Mistake[] };
  readonly failed?: string;
  readonly texts?: { readonly guest: string; readonly switcher: string };
}

type Action = Answer | { kind: "asked"; running: boolean };

function reduce(state: MachineState, action: Action): MachineState {
  const { texts } = state;
  switch (action.kind) {
    case "asked":
      return { asked: true, running: action.running,
        ...(texts && { texts }) };
    case "view":
      return { ...state, view: action.view, running: action.running,
        waits: action.waits, ending: action.ending };
    case "mistakes":
      return { ...state, running: false,
        mistakes: { text: action.text, list: action.mistakes } };
    case "failed":
      return { ...state, running: false, failed: action.message };
    case "texts":
      return { ...state, texts: { guest: action.guest,
        switcher: action.switcher } };
    case "console": return state;
  }
}

/** Is given what a Guest prints; `fresh` if its screen is to be empty. */
export type Print = (guest: number, text: string, fresh: boolean) => void;

/** A machine. */
export function useMachine(print: Print) {
  const [state, dispatch] =
    useReducer(reduce, { asked: false, running: false });
  const worker = useRef<Worker>(undefined);
  const number = useRef(0);
  useEffect(() => () => worker.current?.terminate(), []);

  const ask = useCallback((request: Request) => {
    worker.current ??= begin((answer) => {
      // What an earlier machine still had to say is history.
      if ("boot" in answer && answer.kind !== "texts"
        && answer.boot !== number.current) return;
      if (answer.kind === "console")
        print(answer.guest, answer.text, answer.fresh);
      dispatch(answer);
    });
    worker.current.postMessage(request);
  }, [print]);

  const boot = useCallback((order: Order, run: boolean,
    to?: { readonly count: number; readonly typed: Typed[] }) => {
    dispatch({ kind: "asked", running: run || to !== undefined });
    ask({ kind: "boot", number: ++number.current, order, run,
      ...(to && { to }) });
  }, [ask]);

  return { state, ask, boot };
}

function begin(listener: (answer: Answer | Told) => void): Worker {
  const worker = new Worker(
    new URL("./machine.worker.ts", import.meta.url));
  worker.onmessage = ({ data }: MessageEvent<Told>) => listener(data);
  worker.onerror = ({ message }) => listener({ kind: "failed", message });
  return worker;
}
