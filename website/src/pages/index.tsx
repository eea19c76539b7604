// The front page: what this is, the bug that it is about, three ways in,
// the machine itself, and what there is to read.
import Layout from "@theme/Layout";
import Link from "@docusaurus/Link";
import useBrokenLinks from "@docusaurus/useBrokenLinks";
import Machine from "@site/src/machine/Machine";
import Story from "@site/src/story/Story";
import type { Told } from "@site/weave/story";
import boot from "@site/.woven/boot.json";
import type { Boot } from "@site/weave/guest";
import sidebars from "@site/.woven/sidebars.json";
import told from "@site/.woven/story.json";
import styles from "./index.module.css";

const ways = [
  { to: "/book/invitation#if-you-have-one-evening", name: "One evening",
    text: "How a hypervisor switches worlds: twelve stops, "
      + "twenty thousand words." },
  { to: "/book/invitation", name: "The whole book",
    text: "From seven lines of assembly to the hunt for that bit. Begin "
      + "at the beginning." },
  { to: "#the-machine", name: "Just the machine",
    text: "It is below. Boot it, stop it, break its Switcher, and put it "
      + "back." },
];

export default function Front() {
  const { collectAnchor } = useBrokenLinks();
  ["the-machine", "contents"].forEach(collectAnchor);
  return (
    <Layout title="The little x86 hypervisor, told as a book"
      description="A hypervisor in TypeScript whose chapters are its program">
      <main className={styles.front}>
        <div className={styles.top}>
          <header>
            <h1>The little hypervisor, told as a book that is the
              program</h1>
            <p className={styles.lead}>
              A hypervisor is a kernel that lets another kernel run as its
              guest. <strong>lguest</strong> did so for Linux in some two
              thousand lines. Here it is once more, in TypeScript and x86
              assembly, on a PC made of TypeScript: each line is told in a
              chapter, and what you read is what runs. If you can program,
              and have wondered what a program stands on, you can read all
              of it, and find a bug that hid from an emulator.
            </p>
          </header>
          <Story told={told as unknown as Told} />
        </div>
        <nav className={styles.ways} aria-label="Three ways in">
          {ways.map(({ to, name, text }) => (
            <Link key={to} to={to}><strong>{name}</strong> {text}</Link>))}
        </nav>
        <h2 id="the-machine">The machine</h2>
        <p className={styles.lead}>
          A 32-bit PC, a Host with lguest in it, and a Guest that thinks it
          is alone. All of it runs in this page.
        </p>
        <Machine boot={boot as Boot} name="front" choose />
        <h2 id="contents">The chapters</h2>
        <nav className={styles.parts} aria-labelledby="contents">
          {sidebars.book.map((part) => (
            <section key={part.label}>
              <h3>{part.label}</h3>
              <ul>
                {part.items.map(({ id, label }) => (
                  <li key={id}><Chapter id={id} label={label} /></li>
                ))}
              </ul>
            </section>))}
        </nav>
      </main>
    </Layout>
  );
}

/** A chapter's number and subtitle, which lead to it. */
function Chapter({ id, label }: { id: string; label: string }) {
  const [number, ...words] = label.split(" ");
  return (
    <Link to={`/book/${id}`}>
      <span>{number}</span> {words.join(" ")}
    </Link>
  );
}
