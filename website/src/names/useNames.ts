// The names in a fence, fetched when it comes near.
import { type RefObject, createContext, useEffect, useState } from "react";
import { useLocation } from "@docusaurus/router";
import useBaseUrl from "@docusaurus/useBaseUrl";
import { fetched } from "../fetched";
import type { Name, NamesOfPage } from "./data";

/** A name in a line of code, and the column where it begins. */
export interface Place {
  readonly name: Name;
  readonly column: number;
}

/** The names in the code around us, by the text of the line. */
export type Places = ReadonlyMap<string, readonly Place[]>;

export const none: Places = new Map();

export const NamesHere = createContext<Places>(none);

/** The names in `code`, whose first line is line `first` of its chapter or
 * file; none of them before the fence is nearly in sight. */
export function useNames(
  fence: RefObject<HTMLElement | null>, code: string, first?: number,
): Places {
  const { pathname } = useLocation(), base = useBaseUrl("/");
  const [places, setPlaces] = useState(none);
  const path = `${base}names/${pathname.slice(base.length)}.json`;
  useEffect(() => {
    if (first === undefined || !fence.current) return;
    let here = true;
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      fetched<NamesOfPage>(path).then((page) => {
        if (here) setPlaces(placesIn(page, code, first));
      }, () => { /* Then there are no names. */ });
    }, { rootMargin: "200px" });
    watch.observe(fence.current);
    return () => { here = false; watch.disconnect(); };
  }, [fence, code, first, path]);
  return places;
}

/** By the lines' texts. Equal lines mean the same, as good as always; and a
 * name that doesn't stand there belongs to another edition. */
export function placesIn(
  { names, lines }: NamesOfPage, code: string, first: number,
): Places {
  const places = new Map<string, readonly Place[]>();
  code.split("\n").forEach((text, index) => {
    const pairs = lines[first + index] ?? [], found: Place[] = [];
    for (let at = 0; at < pairs.length; at += 2) {
      const column = pairs[at]!, name = names[pairs[at + 1]!];
      if (name && text.startsWith(name.name, column))
        found.push({ name, column });
    }
    if (found.length > 0 && !places.has(text)) places.set(text, found);
  });
  return places;
}
