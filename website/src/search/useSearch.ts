// What is found while somebody types. All that is searched, and what
// searches it, is fetched with the first letter.
import { useEffect, useState } from "react";
import useBaseUrl from "@docusaurus/useBaseUrl";
import { fetched } from "../fetched";
import type { Name } from "../names/data";
import type { BookData, CodeData } from "./data";
import type { BookSearch, Hit } from "./search";

/** What was found, of one kind. */
export interface Group {
  readonly name: string;
  readonly hits: readonly Hit[];
  /** Why there are none. */
  readonly problem?: string;
}

type Find = (query: string, most: number) => readonly Hit[];

let reading: Promise<BookSearch> | undefined;

/** The kinds, fetched from `base`. */
const kinds: readonly (readonly [
  name: string, load: (base: string) => Promise<Find>])[] = [
  ["The book", async (base) => {
    const [{ BookSearch }, data] = await Promise.all([
      import("./search"), fetched<BookData>(`${base}book.json`)]);
    const book = await (reading ??= BookSearch.of(data));
    return (query, most) => book.find(query, most);
  }],
  ["Names", async (base) => {
    const [{ findNames }, data] = await Promise.all([
      import("./search"), fetched<readonly Name[]>(`${base}names.json`)]);
    return (query, most) => findNames(data, query, most);
  }],
  ["Code", async (base) => {
    const [{ findCode }, data] = await Promise.all([
      import("./search"), fetched<CodeData>(`${base}code.json`)]);
    return (query, most) => findCode(data, query, most);
  }],
];

const unloaded = "could not be fetched; type on to try again";

/** What a query finds, at most so many of each kind, in their order: one
 * that comes sooner waits for those before it. */
export function useSearch(query: string, most: number): readonly Group[] {
  const base = useBaseUrl("/search/");
  const [found, setFound] = useState<readonly Group[]>([]);
  useEffect(() => {
    let asked = true;
    setFound([]);
    if (query.trim() === "") return;
    for (const [name, load] of kinds)
      void load(base).then(
        (find) => asked ? { name, hits: find(query, most) } : undefined,
        () => ({ name, hits: [], problem: unloaded }),
      ).then((group) => {
        if (!asked || !group) return;
        setFound((before) => kinds.flatMap(([one]) => one === name ? [group]
          : before.filter((other) => other.name === one)));
      });
    return () => { asked = false; };
  }, [query, most, base]);
  const waiting = kinds.findIndex(([name]) =>
    !found.some((group) => group.name === name));
  return waiting < 0 ? found : found.slice(0, waiting);
}
