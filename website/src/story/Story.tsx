// The bug of the book in the page: what can be switched, what can be
// pressed, and how it stands.
import Link from "@docusaurus/Link";
import useIsBrowser from "@docusaurus/useIsBrowser";
import Drawing from "@site/src/drawing/Drawing";
import type { Told } from "@site/weave/story";
import { BUDGET, MEMORY, program } from "./protocol";
import type { Scene } from "./protocol";
import styles from "./story.module.css";
import { useStory } from "./useStory";

export default function Story({ told }: { told: Told }) {
  const isBrowser = useIsBrowser();
  const { state: { switches, scene: live, failed }, ...story } = useStory();
  const scene = live ?? told.scene;
  const button = (name: string, press: () => void) => (
    <button type="button" className="book-button book-button--quiet"
      onClick={press}>{name}</button>);
  return (
    <section className={styles.story} aria-labelledby="one-bit"
      data-story={live ? "live" : "recorded"}>
      <h2 id="one-bit">One bit</h2>
      <p className={styles.what}>
        Host and Guest have a page at the same address, with their name in
        it, as much of it as four bytes hold. The CPU remembers in its TLB
        where pages lie, and forgets that when cr3 is loaded with another
        page table; but not an entry with G (global), if PGE in cr4 is on.
        So the Host looks, cr3 is loaded, the Guest looks,
        and <Link to="/book/invitation#one-bit">finds the Host's</Link>:
      </p>
      {isBrowser && <div className={styles.bar}>
        <label><input type="checkbox" checked={switches.global}
          onChange={({ target }) =>
            story.change({ global: target.checked })} /> G
          in the Host's entry</label>
        <label><input type="checkbox" checked={switches.pge}
          onChange={({ target }) =>
            story.change({ pge: target.checked })} /> PGE in cr4</label>
      </div>}
      <Drawing shapes={scene.shapes}
        label={`Page tables, TLB and memory. ${scene.sentence}`} />
      <p className={scene.wrong ? styles.wrong : styles.well} role="status">
        {failed ?? (isBrowser ? scene.sentence : `With G and PGE: ${
          scene.sentence} With G and without PGE: ${told.without}`)}
      </p>
      {isBrowser && <div className={styles.bar}>
        {button("Again", story.again)}
        {button("Look", () => story.press("look"))}
        {button("Load cr3 (the other world)", () => story.press("load"))}
      </div>}
      <Spent scene={scene} />
    </section>
  );
}

/** What has run, and the budget. */
function Spent({ scene: { count, ran } }: { scene: Scene }) {
  const lines = program.trimEnd().split("\n");
  return (
    <details className={styles.spent}>
      <summary>{count} of at most {BUDGET} instructions,
        {" "}{MEMORY >> 10} KiB of memory
        {count >= BUDGET && ": all is spent, press Again"}</summary>
      <pre tabIndex={0} aria-label="The program; what ran last is marked">
        {lines.map((line, index) => ran.includes(index + 1)
          ? <mark key={index}>{line}{"\n"}</mark> : `${line}\n`)}
      </pre>
    </details>
  );
}
