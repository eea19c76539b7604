// Keeps what a reader has done over a reload, and for whoever comes Back:
// for this tab, which is the reader's own. A link can bring it, too.
import { useEffect, useRef } from "react";
import { fromFragment, readKept } from "./order";
import type { Kept } from "./order";

/** Is given what was found, or a sentence about what can't be read. */
export type Found = (kept: Kept | string, byLink: boolean) => void;

/** `kept` is kept under a name, once there is something; what was kept or
 * came by a link is found once. */
export function useKept(
  name: string, linked: boolean, kept: Kept | undefined, found: Found,
): void {
  const tell = useRef(found), first = useRef(true);
  tell.current = found;
  useEffect(() => {
    const key = keyOf(name);
    const look = async (): Promise<void> => {
      const linkedTo = linked ? await fromFragment(location.hash) : undefined;
      const mine = read(key);
      if (linkedTo !== undefined) tell.current(linkedTo, true);
      else if (mine !== undefined) tell.current(mine, false);
    };
    void look();
    if (!linked) return undefined;
    const again = (): void => void look();
    addEventListener("hashchange", again);
    return () => removeEventListener("hashchange", again);
  }, [name, linked]);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    try {
      if (kept) sessionStorage.setItem(keyOf(name), JSON.stringify(kept));
      else sessionStorage.removeItem(keyOf(name));
    } catch {
      // A browser may forbid it, or have no room: nothing is kept then.
    }
  }, [name, kept]);
}

const keyOf = (name: string) => `machine ${location.pathname} ${name}`;

/** What this tab has kept; a damaged one is as good as none. */
function read(key: string): Kept | undefined {
  try {
    const kept = readKept(JSON.parse(sessionStorage.getItem(key) ?? "null"));
    return typeof kept === "string" ? undefined : kept;
  } catch {
    return undefined;
  }
}
