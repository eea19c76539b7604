// Panels that one opens as needed: pictures of what the machine holds.
import { useState } from "react";
import Drawing from "@site/src/drawing/Drawing";
import type { Goal } from "../../../src/debug/picture";
import { panelNames, panels } from "./panels";
import type { PanelName, Watch } from "./panels";
import PlaceLine from "./PlaceLine";
import type { Request, View } from "./protocol";
import styles from "./machine.module.css";

interface Props {
  readonly view: View | undefined;
  readonly watch: Watch;
  readonly cpus: number;
  readonly over: boolean;
  readonly look: (watch: Watch) => void;
  readonly ask: (request: Request) => void;
}

export default function Panels(props: Props) {
  const { view, watch, cpus, over, look, ask } = props;

  const toggle = (name: PanelName): void =>
    look({ ...watch, panels: watch.panels.includes(name)
      ? watch.panels.filter((one) => one !== name)
      : panelNames.filter((one) => one === name
        || watch.panels.includes(one)) });

  /** A shape has been pressed. */
  function go({ address, cpu = watch.cpu, count }: Goal): void {
    if (count !== undefined) ask({ kind: "go", count });
    if (address !== undefined)
      look({ ...watch, cpu, address, panels: watch.panels.includes("memory")
        || watch.panels.includes("address") ? watch.panels
        : panelNames.filter((one) => one === "address"
          || watch.panels.includes(one)) });
  }

  const wantsAddress = watch.panels.some((one) =>
    one === "address" || one === "memory");
  return (
    <div className={styles.panels}>
      <div className={`${styles.bar} ${styles.row}`} role="group" aria-label="Panels">
        {panelNames.map((name) => (
          <button type="button" key={name} onClick={() => toggle(name)}
            aria-pressed={watch.panels.includes(name)}
            className="book-button book-button--quiet">
            {panels[name]}
          </button>))}
      </div>
      {watch.panels.length > 0 && <>
        <div className={`${styles.bar} ${styles.row}`}>
          {cpus > 1 && Array.from({ length: cpus }, (_, id) => (
            <button type="button" key={id} aria-pressed={watch.cpu === id}
              className="book-button book-button--quiet"
              onClick={() => look({ ...watch, cpu: id })}>
              by CPU {id}
            </button>))}
          {watch.panels.includes("timeline") && <>
            <button type="button" className="book-button book-button--quiet"
              onClick={() => look({ ...watch, zoom: watch.zoom + 1 })}>
              Zoom in
            </button>
            <button type="button" className="book-button book-button--quiet"
              disabled={watch.zoom === 0}
              onClick={() => look({ ...watch, zoom: watch.zoom - 1 })}>
              Zoom out
            </button>
          </>}
          {wantsAddress && <Address key={watch.address} watch={watch}
            look={look} over={over} ask={ask} />}
        </div>
        {view && <PlaceLine places={view.places} />}
        <div className={styles.pictures}>
          {watch.panels.map((name) => name === "events"
            ? <Events key={name} view={view} />
            : (
              <section key={name} aria-label={panels[name]} data-panel={name}>
                <h3>{panels[name]}</h3>
                {view?.pictures[name]?.map((shapes, index) => (
                  <Drawing key={index} shapes={shapes} go={go}
                    label={panels[name]} />))}
              </section>))}
        </div>
      </>}
    </div>
  );
}

/** An address to look at, or to run to. */
function Address({ watch, look, over, ask }: {
  watch: Watch; over: boolean; look: (watch: Watch) => void;
  ask: (request: Request) => void }) {
  const [text, setText] = useState(watch.address.toString(16)
    .padStart(8, "0"));
  const value = /^(0x)?[0-9a-f]{1,8}$/i.test(text.trim())
    ? parseInt(text.trim().replace(/^0x/i, ""), 16) : undefined;
  return (
    <form className={styles.address} onSubmit={(event) => {
      event.preventDefault();
      if (value !== undefined) look({ ...watch, address: value });
    }}>
      <label>
        at 0x<input value={text} size={9} spellCheck={false}
          aria-label="The address, in hexadecimal"
          aria-invalid={value === undefined}
          onChange={({ target }) => setText(target.value)} />
      </label>
      <button type="submit" className="book-button book-button--quiet"
        disabled={value === undefined}>Look</button>
      <button type="button" className="book-button book-button--quiet"
        disabled={over || value === undefined}
        onClick={() => {
          if (value !== undefined) ask({ kind: "until", address: value });
        }}>
        Run to it
      </button>
      {value === undefined && <span className={styles.told}>
        eight digits of 0 to 9 and a to f, at most</span>}
    </form>
  );
}

function Events({ view }: { view: View | undefined }) {
  return (
    <section aria-label="Events" data-panel="events">
      <h3>Events</h3>
      <span className={styles.told}>after so many instructions of all
        CPUs</span>
      <ol className={styles.happenings} reversed tabIndex={0}
        aria-label="The last events">
        {[...view?.happenings ?? []].reverse().map((one, index) => (
          <li key={index}>
            <span>{one.count}</span> <b>{one.kind}</b> {one.text}
          </li>))}
      </ol>
    </section>
  );
}
