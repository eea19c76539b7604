// A link to this very instant, and a kernel of the reader's own.
import { useState } from "react";
import type { DragEvent } from "react";
import useBaseUrl from "@docusaurus/useBaseUrl";
import { toFragment } from "./order";
import type { Kept } from "./order";
import styles from "./machine.module.css";

interface Props {
  readonly kept: Kept;
  /** Is given a kernel in base 64. */
  readonly onKernel: (elf: string) => void;
}

/** Bytes of a kernel that is dropped here, at most. */
const LARGEST = 1 << 20;

export default function Keep({ kept, onKernel }: Props) {
  const alone = useBaseUrl("/machine");
  const [said, setSaid] = useState("");
  const [link, setLink] = useState("");

  async function copy(): Promise<void> {
    const text = location.origin + alone + await toFragment(kept);
    setLink(text);
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
    } catch {
      setSaid("copy it from here:");
    }
  }

  async function open(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    if (file.size > LARGEST) {
      setSaid(`${file.name} has more than ${LARGEST >> 20} MiB; try a `
        + "smaller kernel, or the command in a clone");
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    setSaid(`${file.name} is booted`);
    onKernel(btoa(Array.from(bytes, (one) =>
      String.fromCharCode(one)).join("")));
  }

  const drop = (event: DragEvent): void => {
    event.preventDefault();
    void open(event.dataTransfer.files[0]);
  };
  return (
    <div className={`${styles.bar} ${styles.keep}`} onDrop={drop}
      onDragOver={(event) => event.preventDefault()}>
      <button type="button" className="book-button book-button--quiet"
        onClick={() => void copy()}>Copy link</button>
      <label className={styles.file}>
        Boot a kernel of your own (ELF):
        <input type="file" onChange={({ target }) =>
          void open(target.files?.[0])} />
      </label>
      <span role="status" className={styles.told}>{said}</span>
      {link && <input className={styles.link} readOnly value={link}
        aria-label="The link" onFocus={({ target }) => target.select()} />}
    </div>
  );
}
