// What a reader has made of an example, kept by the tab over a reload.
import { useEffect, useState } from "react";

/** The text, or undefined while nobody edits it; what was kept of another
 * original is forgotten. */
export function useKeptText(id: string, original: string) {
  const [text, setText] = useState<string>();
  const key = `example ${id}`;
  useEffect(() => {
    const kept = read(key);
    if (kept?.original === original) setText(kept.text);
  }, [key, original]);

  function keep(next: string | undefined): void {
    setText(next);
    try {
      if (next === undefined || next === original)
        sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify(
        { original, text: next }));
    } catch {
      // A browser may forbid it, or have no room: nothing is kept then.
    }
  }
  return [text, keep] as const;
}

function read(key: string): { original: string; text: string } | undefined {
  try {
    const { original, text } = JSON.parse(sessionStorage.getItem(key) ?? "{}");
    return typeof original === "string" && typeof text === "string"
      ? { original, text } : undefined;
  } catch {
    return undefined;
  }
}
