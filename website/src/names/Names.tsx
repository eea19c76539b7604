// A token of code, with the names that stand in it.
import { type ReactNode, useContext } from "react";
import Link from "@docusaurus/Link";
import { NamesHere } from "./useNames";
import type { Place } from "./places";
import styles from "./names.module.css";

interface Props {
  /** The line's tokens, and which one this is. */
  readonly line: readonly { readonly content: string }[];
  readonly token: { readonly content: string };
  readonly children?: ReactNode;
}

export default function Names({ line, token, children }: Props) {
  const places = useContext(NamesHere);
  const here = places.size > 0
    && places.get(line.map(({ content }) => content).join(""));
  if (!here) return children;
  const begin = line.slice(0, line.indexOf(token))
    .reduce((sum, { content }) => sum + content.length, 0);
  const end = begin + token.content.length;
  const mine = here.filter(({ column }) => column >= begin && column < end);
  return mine.length === 0 ? children : cut(token.content, begin, mine);
}

/** A text that begins in this column, its names as links. */
function cut(text: string, begin: number, places: readonly Place[]) {
  let done = 0;
  const parts = places.flatMap(({ name, column }) => {
    const at = column - begin, before = text.slice(done, at);
    done = at + name.name.length;
    return [before, <Link key={column} to={name.href} tabIndex={-1}
      className={styles.name} data-type={name.type} data-says={name.says}
      aria-description={`${name.type}. ${name.says}`}>{name.name}</Link>];
  });
  return [...parts, text.slice(done)];
}
