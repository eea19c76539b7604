// The names in a fence, fetched when it comes near.
import { type RefObject, createContext, useEffect, useState } from "react";
import { useLocation } from "@docusaurus/router";
import useBaseUrl from "@docusaurus/useBaseUrl";
import { fetched } from "../fetched";
import type { NamesOfPage } from "./data";
import { placesIn } from "./places";
import type { Places } from "./places";

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
