// The Guest's console: a terminal, once the machine has been asked for.
import { useEffect, useRef, useState } from "react";
import "@xterm/xterm/css/xterm.css";
import styles from "./machine.module.css";

/** What is printed, and who shows it. */
export class Printer {
  private waiting: string[] = [];
  private show?: (text: string) => void;
  private wipe?: () => void;

  readonly print = (text: string): void => {
    if (this.show) this.show(text);
    else this.waiting.push(text);
  };

  /** An empty screen. */
  clear(): void {
    this.waiting = [];
    this.wipe?.();
  }

  connect(show: (text: string) => void, wipe: () => void): void {
    this.show = show;
    this.wipe = wipe;
    for (const text of this.waiting.splice(0)) show(text);
  }

  disconnect(): void {
    this.show = undefined;
    this.wipe = undefined;
  }
}

interface Props {
  readonly printer: Printer;
  readonly rows: number;
  /** Whether it takes its place before anything is printed. */
  readonly eager: boolean;
  /** Is given what is typed; without it, it is only to be read. */
  readonly type?: ((text: string) => void) | undefined;
}

export default function Screen({ printer, rows, eager, type }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const [empty, setEmpty] = useState(true);
  const folded = empty && !eager && type === undefined;
  useEffect(() => {
    let end = (): void => {};
    let left = false;
    void (async () => {
      const [{ Terminal }, { FitAddon }] = await Promise.all([
        import("@xterm/xterm"), import("@xterm/addon-fit")]);
      if (left || place.current === null) return;
      const { fontFamily } = getComputedStyle(place.current);
      const terminal = new Terminal({
        convertEol: true, disableStdin: type === undefined,
        screenReaderMode: true,
        fontFamily, fontSize: 13, lineHeight: 1.3, rows,
        theme: { background: "#16181d", foreground: "#e6e1d6",
          cursor: type === undefined ? "#16181d" : "#e6e1d6" },
      });
      const fit = new FitAddon();
      terminal.loadAddon(fit);
      terminal.attachCustomKeyEventHandler((event) => event.key !== "Tab");
      terminal.open(place.current);
      if (type) {
        terminal.onData(type);
        terminal.focus();
      }
      // A terminal that is just being taken away has no width to fill.
      const fill = (): void => {
        const { cols = NaN } = fit.proposeDimensions() ?? {};
        if (Number.isInteger(cols)) terminal.resize(cols, rows);
      };
      fill();
      const observer = new ResizeObserver(fill);
      observer.observe(place.current);
      printer.connect((text) => {
        terminal.write(text);
        if (text !== "") setEmpty(false);
      }, () => {
        terminal.reset();
        setEmpty(true);
      });
      end = () => {
        observer.disconnect();
        printer.disconnect();
        terminal.dispose();
      };
    })();
    return () => {
      left = true;
      end();
    };
  }, [printer, rows, type]);
  return (
    <div className={`${styles.terminal} ${folded ? styles.folded : ""}`}>
      <div ref={place} />
    </div>);
}
