// What was found, by kind: each hit with where it is, and what it says.
import { useEffect, useRef } from "react";
import Link from "@docusaurus/Link";
import type { Group } from "./useSearch";
import type { Hit } from "./search";
import { marksFor } from "./phrase";
import styles from "./found.module.css";

interface Props {
  readonly groups: readonly Group[];
  readonly query: string;
  /** For a list below a field: its id, the hit that is chosen, and what
   * goes to one. */
  readonly list: string;
  readonly at: number;
  readonly go: (href: string) => void;
}

export default function Found({ groups, query, list, at, go }: Props) {
  const chosen = useRef<HTMLDivElement>(null);
  useEffect(() => chosen.current?.scrollIntoView({ block: "nearest" }), [at]);
  let next = 0;
  return groups.filter(({ hits }) => hits.length > 0).map(({ name, hits }) => (
    <div key={name} role="group" aria-label={name}>
      <div className={styles.name} role="presentation">{name}</div>
      {hits.map((hit) => {
        const index = next++;
        return (
          <div key={hit.href} role="option" id={`${list}-${index}`}
            ref={index === at ? chosen : undefined}
            aria-selected={index === at} className={styles.hit}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => go(hit.href)}>
            <Told hit={hit} query={query} />
          </div>);
      })}
    </div>));
}

/** The same as a list of links, for a page of its own. */
export function FoundLinks({ groups, query }: Pick<Props, "groups" | "query">) {
  return groups.map(({ name, hits, problem }) => (
    <section key={name} aria-label={name}>
      <h2>{name}</h2>
      {hits.length === 0 ? <p>{problem ?? "nothing"}</p>
        : <ul className={styles.links}>
          {hits.map((hit) => (
            <li key={hit.href}>
              <Link to={hit.href}><Told hit={hit} query={query} /></Link>
            </li>))}
        </ul>}
    </section>));
}

function Told({ hit: { title, at, excerpt }, query }: {
  hit: Hit; query: string }) {
  return <>
    <span className={styles.title}><Marked text={title} query={query} /></span>
    {at && <span className={styles.at}> {at}</span>}
    {excerpt && <span className={styles.excerpt}>
      <Marked text={excerpt} query={query} /></span>}
  </>;
}

/** A text, with what was looked for marked in it. */
function Marked({ text, query }: { text: string; query: string }) {
  const marks = marksFor(query);
  if (marks === undefined) return text;
  return text.split(marks)
    .map((part, index) => index % 2 ? <mark key={index}>{part}</mark> : part);
}
