// The search field, with what is found below it.
import {
  type KeyboardEvent, useEffect, useId, useRef, useState,
} from "react";
import Link from "@docusaurus/Link";
import { useHistory } from "@docusaurus/router";
import useBaseUrl from "@docusaurus/useBaseUrl";
import useIsBrowser from "@docusaurus/useIsBrowser";
import Found from "@site/src/search/Found";
import { useSearch } from "@site/src/search/useSearch";
import styles from "./searchbar.module.css";

/** Hits of each kind that have room below the field. */
const MOST = 6;

export default function SearchBar() {
  const field = useRef<HTMLInputElement>(null);
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const list = useId(), history = useHistory(), base = useBaseUrl("/");
  const isBrowser = useIsBrowser();
  const groups = useSearch(query, MOST);
  const hits = groups.flatMap((group) => group.hits);
  const problem = groups.find((group) => group.problem);
  const shown = open && query.trim() !== "";

  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent): void => {
      if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);

  function close(): void {
    setOpen(false);
    setAt(0);
  }

  function go(href: string): void {
    close();
    field.current?.blur();
    history.push(base + href.slice(1));
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && hits.length > 0) {
      event.preventDefault();
      setOpen(true);
      setAt((at + step + hits.length) % hits.length);
    } else if (event.key === "Enter" && shown) {
      event.preventDefault();
      const hit = hits[at];
      if (hit) go(hit.href);
    } else if (event.key === "Escape") close();
  }

  if (!isBrowser) return null;
  return (
    <div className={styles.search} onBlur={(event) => {
      if (!event.currentTarget.contains(event.relatedTarget)) close();
    }}>
      <input ref={field} type="search" role="combobox" aria-label="Search"
        placeholder="Search" autoComplete="off" spellCheck={false}
        aria-expanded={shown} aria-controls={list} aria-autocomplete="list"
        aria-activedescendant={shown && hits[at] ? `${list}-${at}` : undefined}
        title="Ctrl-K; in quotes: these very words" value={query}
        onFocus={() => setOpen(true)} onKeyDown={onKeyDown}
        onChange={(event) => {
          setQuery(event.target.value);
          setOpen(true);
          setAt(0);
        }} />
      {shown && <div className={styles.list}>
        <div id={list} role="listbox" aria-label="What was found">
          <Found groups={groups} query={query} list={list} at={at} go={go} />
        </div>
        <p role="status">
          {problem ? `${problem.name}: ${problem.problem}`
            : groups.length === 0 ? "…" : hits.length === 0 ? "nothing found"
            : <Link to={`/search?q=${encodeURIComponent(query)}`}
              onClick={close}>All that was found</Link>}
        </p>
      </div>}
    </div>
  );
}
