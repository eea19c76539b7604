// The story's worker, and what it told last. It starts when the page has
// been drawn and the browser has time, or when somebody presses something.
import { useCallback, useEffect, useReducer, useRef } from "react";
import { bug } from "./protocol";
import type { Press, Request, Scene, Switches } from "./protocol";

interface StoryState {
  /** What has been switched and pressed. */
  readonly switches: Switches;
  readonly presses: readonly Press[];
  readonly scene?: Scene;
  readonly failed?: string;
}

const first: StoryState = bug;

/** Calls a function when there is time; gives one that takes it back. */
function idly(then: () => void): () => void {
  if (typeof requestIdleCallback === "undefined") {
    const timer = setTimeout(then, 200);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(then);
  return () => cancelIdleCallback(handle);
}

const merge = (state: StoryState, news: Partial<StoryState>): StoryState =>
  ({ ...state, ...news });

export function useStory() {
  const [state, tell] = useReducer(merge, first);
  const { switches, presses } = state;
  const worker = useRef<Worker>(undefined);

  const ask = useCallback((request: Request) => {
    worker.current ??= start(tell);
    worker.current.postMessage(request);
  }, []);

  const begin = useCallback((to: Switches, pressed: readonly Press[]) => {
    tell({ switches: to, presses: pressed });
    ask({ kind: "begin", switches: to, presses: pressed });
  }, [ask]);

  useEffect(() => {
    const forget = idly(() => {
      if (!worker.current) begin(bug.switches, bug.presses);
    });
    return () => {
      forget();
      worker.current?.terminate();
      worker.current = undefined;
    };
  }, [begin]);

  /** A press more; the first one has what was recorded before it. */
  const press = (one: Press): void => {
    if (!worker.current) begin(switches, presses);
    tell({ presses: [...presses, one] });
    ask({ kind: "press", press: one });
  };
  return { state, press,
    again: () => begin(switches, []),
    change: (to: Partial<Switches>) =>
      begin({ ...switches, ...to }, presses) };
}

function start(tell: (news: Partial<StoryState>) => void): Worker {
  const worker = new Worker(new URL("./story.worker.ts", import.meta.url));
  worker.onmessage = ({ data }: MessageEvent<Scene>) => tell({ scene: data });
  worker.onerror = ({ message }) => tell({ failed: message });
  return worker;
}
