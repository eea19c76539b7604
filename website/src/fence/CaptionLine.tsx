// The line above a code block: which file, which chunk, and where next.
import Link from "@docusaurus/Link";
import type { Caption } from "@site/weave/captions";
import styles from "./fence.module.css";

export default function CaptionLine({ caption }: { caption: Caption }) {
  const { kind, name, file, usedAt, before, after, chapter } = caption;
  return (
    <div className={styles.caption}>
      <span className={styles.what}>
        {kind === "file" && (file
          ? <Link to={file.href}><code>{name}</code></Link>
          : <code>{name}</code>)}
        {kind === "chunk" && <span className={styles.chunk}>{name}</span>}
        {kind === "source" && name
          && <span className={styles.chunk}>{name}</span>}
        {!["file", "chunk", "source"].includes(kind) && name}
        {before && <span>, continued</span>}
      </span>
      <span className={styles.where}>
        {chapter && <Link to={chapter.href}>told in “{chapter.text}”</Link>}
        {usedAt && <Link to={usedAt.href}>used in {usedAt.text}</Link>}
        {kind === "chunk" && file && <Link to={file.href}>{file.text}</Link>}
        {before && <Link to={before}
          aria-label={`${name}: the part before`}>before</Link>}
        {after && <Link to={after}
          aria-label={`${name}: goes on`}>goes on</Link>}
      </span>
    </div>
  );
}
