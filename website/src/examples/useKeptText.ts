// What a reader has made of an example, and whether it has solved an
// exercise, kept by the tab over a reload.
import { useEffect, useState } from "react";

interface Kept {
  readonly original: string;
  readonly text: string;
  readonly solved: boolean;
}

/** The text, or undefined while nobody edits it; what was kept of another
 * original is forgotten. */
export function useKeptText(id: string, original: string) {
  const [text, setText] = useState<string>();
  const [solved, setSolved] = useState(false);
  const key = `example ${id}`;
  useEffect(() => {
    const kept = read(key);
    if (kept?.original !== original) return;
    setText(kept.text);
    setSolved(kept.solved);
  }, [key, original]);

  function keep(next: string | undefined, green = false): void {
    setText(next);
    setSolved(green);
    try {
      if (next === undefined || next === original)
        sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(
        { original, text: next, solved: green } satisfies Kept));
    } catch {
      // A browser may forbid it, or have no room: nothing is kept then.
    }
  }
  return [text, keep, solved] as const;
}

function read(key: string): Kept | undefined {
  try {
    const { original, text, solved } =
      JSON.parse(sessionStorage.getItem(key) ?? "{}");
    return typeof original === "string" && typeof text === "string"
      ? { original, text, solved: solved === true } : undefined;
  } catch {
    return undefined;
  }
}
