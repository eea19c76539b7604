// The front page: what this is, the machine itself, and the way in.
import Layout from "@theme/Layout";
import Link from "@docusaurus/Link";
import Machine from "@site/src/machine/Machine";
import boot from "@site/.woven/boot.json";
import type { Boot } from "@site/weave/guest";
import sidebars from "@site/.woven/sidebars.json";
import styles from "./index.module.css";

export default function Front() {
  return (
    <Layout title="The little x86 hypervisor, told as a book"
      description="A hypervisor in TypeScript whose chapters are its program">
      <main className={styles.front}>
        <h1>The little hypervisor, told as a book that is the program</h1>
        <p className={styles.lead}>
          A 32-bit PC, a Host kernel with <strong>lguest</strong> in it, and
          a Guest that thinks it is alone: all in TypeScript and real x86
          assembly, and every line of it told in a chapter. What you read
          is what runs. <Link to="/book/invitation">Begin at the
          beginning</Link>, or boot it first:
        </p>
        <Machine boot={boot as Boot} name="front" choose />
        <nav className={styles.parts} aria-label="The parts of the book">
          {sidebars.book.map((part) => (
            <section key={part.label}>
              <h2>{part.label}</h2>
              <ul>
                {part.items.map(({ id, label }) => (
                  <li key={id}><Link to={`/book/${id}`}>{label}</Link></li>
                ))}
              </ul>
            </section>))}
        </nav>
      </main>
    </Layout>
  );
}
