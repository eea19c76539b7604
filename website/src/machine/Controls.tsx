// The buttons of the machine: what to boot, and how to go through it.
import { useState } from "react";
import type { Order } from "./order";
import type { Request } from "./protocol";
import type { MachineState } from "./useMachine";
import { worldNames, worldOf } from "./worlds";
import type { WorldName } from "./worlds";
import styles from "./machine.module.css";

interface Props {
  readonly state: MachineState;
  readonly over: boolean;
  readonly order: Order;
  readonly choose: boolean;
  readonly ask: (request: Request) => void;
  readonly start: (run: boolean) => void;
  /** Something else to boot. */
  readonly select: (order: Order) => void;
}

const quiet = "book-button book-button--quiet";

export default function Controls(props: Props) {
  const { state: { asked, running, view }, over, order, choose } = props;
  const { ask, start, select } = props;
  const [slow, setSlow] = useState(false);

  /** Another world: its texts are its own. */
  function change(name: WorldName): void {
    const { memory } = worldOf(name);
    select({ world: name, memory, append: "" });
  }

  const go = (label: string, kind: "step" | "next" | "switcher",
    title: string) => (
    <button type="button" className={quiet} disabled={over} title={title}
      onClick={() => ask({ kind })}>{label}</button>);
  return (
    <>
      {choose && (
        <div className={styles.bar}>
          <label className={styles.choice}>
            What to boot
            <select value={order.world}
              onChange={({ target }) => change(target.value as WorldName)}>
              {worldNames.map((name) => (
                <option key={name} value={name}>{worldOf(name).label}</option>
              ))}
            </select>
          </label>
          <span className={styles.told}>{worldOf(order.world).told}</span>
        </div>)}
      <div className={`${styles.bar} ${styles.row}`}>
        <button type="button" className="book-button"
          onClick={() => start(true)}>
          {asked ? "Boot again" : "Boot"}
        </button>
        {!asked && <button type="button" className={quiet}
          onClick={() => start(false)}>Power on, and wait</button>}
        {asked && <>
          <button type="button" className={quiet} disabled={over}
            onClick={() => ask({ kind: running ? "stop" : "run" })}>
            {running ? "Stop" : "Run"}
          </button>
          <button type="button" className={quiet}
            disabled={running || !view?.count}
            title="Takes the last instruction back"
            onClick={() => ask({ kind: "back" })}>Step back</button>
          {go("Step", "step", "One instruction")}
          <button type="button" className={quiet}
            disabled={running || !view?.count}
            title="Back to before the last world switch, trap or hypercall"
            onClick={() => ask({ kind: "before" })}>
            To the event before</button>
          {go("To the next event", "next",
            "To the next world switch, trap or hypercall")}
          {go("Into the Switcher", "switcher",
            "To where a CPU comes into the Switcher; then step")}
          <label className={styles.choice}>
            <input type="checkbox" checked={slow} onChange={() => {
              setSlow(!slow);
              ask({ kind: "speed", slow: !slow });
            }} /> slowly
          </label>
          <button type="button" className={quiet}
            onClick={() => start(false)}>Reset</button>
        </>}
      </div>
    </>
  );
}
