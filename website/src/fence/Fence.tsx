// A code block with its caption above it and, if it can run, the means
// to run it below.
import { type ReactNode } from "react";
import useBrokenLinks from "@docusaurus/useBrokenLinks";
import type { Caption } from "@site/weave/captions";
import Example, { Printed } from "@site/src/examples/Example";
import Machine from "@site/src/machine/Machine";
import CaptionLine from "./CaptionLine";
import Named from "@site/src/names/Named";
import { References } from "./references";
import styles from "./fence.module.css";

interface Props {
  readonly caption: Caption;
  readonly code: string;
  readonly children: ReactNode;
}

export default function Fence({ caption, code, children }: Props) {
  useBrokenLinks().collectAnchor(caption.id);
  const { example, boot, drawn, hidden, id, line, names } = caption;
  if (drawn === "above") return <div id={id} />;
  if (drawn) return <div className={styles.fence} id={id}>
    <Printed outcome={drawn} /></div>;
  const runs = example && example.error === undefined;
  const body = (
    <References.Provider value={caption.references}>
      {runs ? <Example example={example} code={code}>{children}</Example>
        : boot && boot.order.guest === undefined ? <p>{code}</p>
        : <Named code={code} first={names}>{children}</Named>}
      {boot && <Machine boot={boot} name={id} />}
    </References.Provider>
  );
  return (
    <div className={styles.fence} id={id} data-line={line}>
      {hidden ? (
        <details className={styles.hidden}>
          <summary><CaptionLine caption={caption} /></summary>
          {body}
        </details>
      ) : <><CaptionLine caption={caption} />{body}</>}
    </div>
  );
}
