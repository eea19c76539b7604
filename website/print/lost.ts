// What a chapter has lost on its way to paper: fences, figures.
import { fencesOf } from "../../src/loom/home";
import type { Chapter } from "./chapters";
import { all, get, tagged, text } from "./tree";
import type { Element } from "./tree";

/** Tells of every fence of a chapter whose text isn't printed, and of every
 * example that has fewer pictures than it drew. */
export function lost(root: Element, { page, outcomes }: Chapter): string[] {
  const texts = new Map<string, number>();
  for (const { tagName, childNodes } of all(root))
    if (tagName === "code" || tagName === "p") {
      const said = core(childNodes.map(text).join(""));
      texts.set(said, (texts.get(said) ?? 0) + 1);
    }
  const ids = new Map(all(root).map((one) => [get(one, "id"), one]));
  const figures = (line: number): number => {
    const place = ids.get(`example-${line}`);
    return place ? tagged(place, "figure").length : 0;
  };
  const wrong: string[] = [];
  let before: number | undefined;
  for (const fence of fencesOf([page])) {
    const { line, output, example, body } = fence;
    const drawn = outcomes[before ?? 0]?.pictures?.length ?? 0;
    if (example) before = line;
    if (output && drawn > 0) {
      const found = figures(line) + figures(before ?? 0);
      if (found !== drawn)
        wrong.push(`line ${line}: ${found} of ${drawn} pictures`);
      continue;
    }
    const said = core(body.map((one) => one.text).join("\n"));
    const left = texts.get(said) ?? 0;
    texts.set(said, left - 1);
    if (left <= 0) wrong.push(`line ${line}: this fence isn't printed`);
  }
  return wrong;
}

/** A text without the blank lines around it, which the site leaves out. */
const core = (said: string): string => said.replace(/^\n+|\s+$/g, "");
