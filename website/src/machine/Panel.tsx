// Registers, the next instruction, and the last events of the machine.
import type { View } from "./protocol";
import styles from "./machine.module.css";

export default function Panel({ view }: { view: View | undefined }) {
  if (view === undefined) return (
    <p className={styles.empty}>
      Here you will see the registers, and the last switches, traps and
      hypercalls.
    </p>
  );
  return (
    <div className={styles.panel}>
      <dl className={styles.registers} aria-label="Registers of CPU 0">
        {view.registers.map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd>{value}</dd></div>))}
      </dl>
      <p className={styles.next}>
        <span>ring {view.ring}</span>
        {view.where && <span>{view.where}</span>}
        <code>{view.next}</code>
      </p>
      <ol className={styles.happenings} reversed tabIndex={0}
        aria-label="The last events">
        {[...view.happenings].reverse().map((one, index) => (
          <li key={index}>
            <span>{one.count}</span> <b>{one.kind}</b> {one.text}
          </li>))}
      </ol>
    </div>
  );
}
