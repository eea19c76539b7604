// Guests that boot in the page: what they say when Node boots them.
import { defaultGuest } from "../../src/guest";
import type { Fence } from "../../src/loom/chapter";
import { boot } from "../../src/launcher";
import { assembleGuest, end, slice } from "../src/machine/session";
import { infoOf } from "./read";

/** A Guest's text (ours, if it has none), and how it went. */
export interface Boot {
  readonly text?: string;
  readonly memory: number;
  readonly append: string;
  readonly console: string;
  readonly sentences: readonly string[];
}

const enough = 50_000_000;

/** Boots a Guest to its end and tells what it said. */
export function bootGuest(
  text?: string, memory = 8, append = "",
): Boot {
  const image = text === undefined ? defaultGuest() : assembleGuest(text);
  const decoder = new TextDecoder();
  let said = "";
  const guest = { name: "the Guest", image, commandLine: append,
    memory: memory << 20 };
  const session = boot({ guests: [guest] }, (bytes: Uint8Array) => {
    said += decoder.decode(bytes, { stream: true });
  });
  const reason = slice(session, enough);
  return { ...(text !== undefined && { text }), memory, append,
    console: said, sentences: end(session, reason).sentences };
}

/** A fence ```asm {guest memory=8 append="…"} as a Guest that boots. */
export function bootFence(fence: Fence): Boot | undefined {
  const words = /\{guest\b([^}]*)\}/.exec(infoOf(fence))?.[1];
  if (words === undefined) return undefined;
  const text = fence.body.map((line) => line.text).join("\n");
  return bootGuest(text, Number(/memory=(\d+)/.exec(words)?.[1] ?? 8),
    /append="([^"]*)"/.exec(words)?.[1] ?? "");
}
