// The Switcher's and the Guest's assembly, to be edited and booted with.
import { useId, useState } from "react";
import Editor from "@site/src/components/Editor";
import type { Order } from "./order";
import type { MachineState } from "./useMachine";
import styles from "./machine.module.css";

type Which = "guest" | "switcher";

interface Props {
  readonly state: MachineState;
  /** The Guest's text, if it isn't the default one. */
  readonly own: string | undefined;
  /** What the reader has changed of it; the rest is the book's. */
  readonly order: Order;
  /** How it went with it. */
  readonly verdict: string;
  /** A text that is in there is to be seen. */
  readonly shown: boolean;
  /** Asks the worker for the book's texts. */
  readonly ask: () => void;
  readonly onEdit: (order: Order) => void;
  readonly onBoot: (order: Order) => void;
}

const names = { switcher: "the Switcher", guest: "the Guest" } as const;

export default function Texts(props: Props) {
  const { state, own, order, verdict, shown, ask, onEdit, onBoot } = props;
  const [chosen, setChosen] = useState<Which>();
  const id = useId();
  const foreign = order.switcher !== undefined ? "switcher"
    : order.guest !== undefined ? "guest" : undefined;
  const open = chosen ?? (shown ? foreign : undefined);
  const book = state.texts && own !== undefined
    ? { ...state.texts, guest: own } : state.texts;
  const text = open && (order[open] ?? book?.[open]);

  function choose(which: Which): void {
    if (book === undefined) ask();
    setChosen(open === which ? undefined : which);
  }

  function putBack(which: Which): void {
    const { [which]: _dropped, ...rest } = order;
    const whole = which === "guest" && own !== undefined
      ? { ...rest, guest: own } : rest;
    onEdit(whole);
    if (state.asked) onBoot(whole);
  }

  const isOurs = (which: Which) =>
    order[which] === (which === "guest" ? own : undefined);
  return (
    <div className={styles.texts}>
      <div className={styles.bar}>
        {(["switcher", "guest"] as const).map((which) => (
          <button type="button" key={which} aria-expanded={open === which}
            aria-controls={id} onClick={() => choose(which)}
            className="book-button book-button--quiet">
            Edit {names[which]}{isOurs(which) ? "" : " *"}
          </button>))}
      </div>
      <div id={id}>
        {open && text !== undefined && <>
          <Editor value={text} language="asm"
            label={`The assembly of ${names[open]}`}
            onChange={(text) => onEdit({ ...order, [open]: text })}
            focused={chosen === open} wrong={wrongLines(state, open)} />
          <div className={styles.bar}>
            <button type="button" className="book-button"
              onClick={() => onBoot(order)}>
              Boot with it
            </button>
            <button type="button" disabled={isOurs(open)}
              className="book-button book-button--quiet"
              onClick={() => putBack(open)}>
              Put it back
            </button>
            {!isOurs(open) && <span className={styles.told}>{verdict}</span>}
          </div>
        </>}
      </div>
    </div>
  );
}

/** The lines that the assembler or the machine complains about. */
function wrongLines(
  { mistakes, ending }: MachineState, open: Which,
): Map<number, string> {
  const wrong = new Map<number, string>();
  if (mistakes?.text === open)
    for (const { line, column, message } of mistakes.list)
      wrong.set(line, `${message} (column ${column})`);
  if (open === "switcher" && ending?.line !== undefined)
    wrong.set(ending.line, "here it happened");
  return wrong;
}
