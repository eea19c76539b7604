// The Switcher's and the Guest's assembly, to be edited and booted with.
import { useId, useState } from "react";
import Editor from "@site/src/components/Editor";
import type { MachineState } from "./useMachine";
import styles from "./machine.module.css";

/** What the reader has changed; the rest is the book's. */
export interface Edits {
  readonly guest?: string;
  readonly switcher?: string;
}

interface Props {
  readonly state: MachineState;
  /** The Guest's text, if it isn't the default one. */
  readonly own: string | undefined;
  readonly edits: Edits;
  /** Asks the worker for the book's texts. */
  readonly ask: () => void;
  readonly onEdit: (edits: Edits) => void;
  readonly onBoot: (edits: Edits) => void;
}

const names = { switcher: "the Switcher", guest: "the Guest" } as const;

export default function Texts(props: Props) {
  const { state, own, edits, ask, onEdit, onBoot } = props;
  const [open, setOpen] = useState<keyof Edits>();
  const id = useId();
  const texts = state.texts && own !== undefined
    ? { ...state.texts, guest: own } : state.texts;

  function choose(which: keyof Edits): void {
    if (texts === undefined) ask();
    setOpen(open === which ? undefined : which);
  }

  function putBack(which: keyof Edits): void {
    const { [which]: _dropped, ...rest } = edits;
    onEdit(rest);
    if (state.asked) onBoot(rest);
  }

  return (
    <div className={styles.texts}>
      <div className={styles.bar}>
        {(["switcher", "guest"] as const).map((which) => (
          <button type="button" key={which} aria-expanded={open === which}
            aria-controls={id} onClick={() => choose(which)}
            className="book-button book-button--quiet">
            Edit {names[which]}{edits[which] === undefined ? "" : " *"}
          </button>))}
      </div>
      <div id={id}>
        {open && texts && <>
          <Editor value={edits[open] ?? texts[open]} language="asm"
            label={`The assembly of ${names[open]}`}
            onChange={(text) => onEdit({ ...edits, [open]: text })}
            wrong={wrongLines(state, open)} />
          <div className={styles.bar}>
            <button type="button" className="book-button"
              onClick={() => onBoot(edits)}>
              Boot with it
            </button>
            <button type="button" disabled={edits[open] === undefined}
              className="book-button book-button--quiet"
              onClick={() => putBack(open)}>
              Put it back
            </button>
          </div>
        </>}
      </div>
    </div>
  );
}

/** The lines that the assembler or the machine complains about. */
function wrongLines(
  { mistakes, ending }: MachineState, open: keyof Edits,
): Map<number, string> {
  const wrong = new Map<number, string>();
  if (mistakes?.text === open)
    for (const { line, column, message } of mistakes.list)
      wrong.set(line, `${message} (column ${column})`);
  if (open === "switcher" && ending?.line !== undefined)
    wrong.set(ending.line, "here it happened");
  return wrong;
}
