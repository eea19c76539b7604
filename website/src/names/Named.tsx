// Code whose names lead to where they are declared, and say what they are.
import {
  type FocusEvent, type KeyboardEvent, type MouseEvent, type ReactNode,
  useRef, useState,
} from "react";
import { NamesHere, useNames } from "./useNames";
import styles from "./names.module.css";

interface Props {
  readonly code: string;
  /** The number of the code's first line; without it, nothing is known. */
  readonly first?: number;
  readonly children: ReactNode;
}

interface Tip {
  readonly type: string;
  readonly says: string;
  readonly left: number;
  readonly top: number;
}

export default function Named({ code, first, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [tip, setTip] = useState<Tip>();
  const places = useNames(box, code, first);

  function show({ target }: MouseEvent | FocusEvent): void {
    const name = (target as Element).closest<HTMLElement>("[data-type]");
    if (!name || !box.current) return setTip(undefined);
    const at = name.getBoundingClientRect();
    const around = box.current.getBoundingClientRect();
    setTip({ type: name.dataset["type"]!, says: name.dataset["says"]!,
      left: Math.max(0, Math.min(at.left - around.left, around.width - 300)),
      top: at.bottom - around.top });
  }

  /** Enter leads from the code to its names, the arrows from one to the
   * next, and Escape back: so they are no stops on the way. */
  function onKeyDown(event: KeyboardEvent): void {
    const { key, target } = event, here = target as HTMLElement;
    const pre = here.closest("pre");
    const names = [...pre?.querySelectorAll<HTMLElement>("a[data-type]")
      ?? []];
    const at = names.indexOf(here);
    const next = here === pre && key === "Enter" ? names[0]
      : at < 0 ? undefined : key === "Escape" ? pre
      : names[at + ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1,
        ArrowUp: -1 }[key] ?? NaN)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  const hide = () => setTip(undefined);
  return (
    <NamesHere.Provider value={places}>
      <div ref={box} className={styles.named} onKeyDown={onKeyDown}
        onMouseOver={show} onMouseLeave={hide} onFocus={show} onBlur={hide}>
        {children}
        {tip && <div role="tooltip" className={styles.tip}
          style={{ left: tip.left, top: tip.top }}>
          <code>{tip.type}</code>{tip.says && <p>{tip.says}</p>}
        </div>}
      </div>
    </NamesHere.Provider>
  );
}
