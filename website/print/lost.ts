// What a chapter has lost on its way to paper: fences, figures.
import type { Fence } from "../../src/loom/chapter";
import { fencesOf } from "../../src/loom/home";
import type { Chapter } from "./chapters";
import { all, get, tagged, text } from "./tree";
import type { Element } from "./tree";

/** Tells of every fence of a chapter whose text isn't printed, and of every
 * example that has fewer pictures than it drew. */
export function lost(root: Element, { page, outcomes }: Chapter): string[] {
  const fences = fencesOf([page]), drawn = new Set<Fence>();
  const figures = countFigures(root), wrong: string[] = [];
  fences.forEach((printer, index) => {
    const wanted = outcomes[printer.line]?.pictures?.length ?? 0;
    if (wanted === 0) return;
    // An output that is drawn has no text, and perhaps the example has it.
    const next = fences.slice(index + 1);
    const until = next.findIndex(({ example }) => example !== undefined);
    const shows = next.slice(0, until < 0 ? next.length : until)
      .filter(({ output }) => output);
    shows.forEach((one) => drawn.add(one));
    const found = [printer, ...shows]
      .reduce((sum, { line }) => sum + figures(line), 0);
    if (found !== wanted)
      wrong.push(`line ${printer.line}: ${found} of ${wanted} pictures`);
  });
  const take = printedTexts(root);
  for (const fence of fences)
    if (!drawn.has(fence) && !take(fence.body.map((one) => one.text).join("\n")))
      wrong.push(`line ${fence.line}: this fence isn't printed`);
  return wrong;
}

/** Counts the figures of what stands at a line. */
function countFigures(root: Element): (line: number) => number {
  const places = new Map(all(root).map((one) => [get(one, "id"), one]));
  return (line) => {
    const place = places.get(`example-${line}`);
    return place ? tagged(place, "figure").length : 0;
  };
}

/** Says whether a text stands somewhere, where nobody has taken it yet. */
function printedTexts(root: Element): (said: string) => boolean {
  const left = new Map<string, number>();
  const count = (said: string) => left.get(core(said)) ?? 0;
  for (const one of all(root, ({ tagName }) => /^(code|p)$/.test(tagName)))
    left.set(core(text(one)), count(text(one)) + 1);
  return (said) => {
    const found = count(said);
    left.set(core(said), found - 1);
    return found > 0;
  };
}

/** A text without the blank lines around it, which the site leaves out. */
const core = (said: string): string => said.replace(/^\n+|\s+$/g, "");
