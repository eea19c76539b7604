// A page as a PDF, by a browser.
import type { Page } from "playwright-core";
import { launch } from "../test/site";
import { colourWords } from "./code";

/** What a PDF has. */
export interface Measures {
  readonly pages: number;
  /** Lines of its outline. */
  readonly outline: number;
  /** The page on which each anchor is that something leads to. */
  readonly places: ReadonlyMap<string, number>;
}

/** Prints a document; `executable` is a Chromium, and `say` is told how far
 * it is. A browser's style sheet can't ask for the page of an anchor, and so
 * it prints twice: what the first print says goes into the contents. */
export async function print(
  html: string, executable: string, say: (what: string) => void = () => {},
): Promise<Buffer> {
  const browser = await launch(executable);
  try {
    const page = await browser.newPage({ colorScheme: "light" });
    page.setDefaultTimeout(0);
    say("reading the page");
    await page.setContent(html);
    await page.evaluate(colourWords);
    say("counting its pages");
    const draft = measure(await toPdf(page, false)).places;
    await page.evaluate(numberLines, [...draft]);
    say("printing");
    const pdf = await toPdf(page, true);
    for (const [place, at] of measure(pdf).places)
      if (draft.get(place) !== at)
        throw new Error(`${place} is on page ${at}, and no longer on page ${
          draft.get(place)}, once the contents have numbers`);
    return pdf;
  } finally {
    await browser.close();
  }
}

const toPdf = (page: Page, fair: boolean): Promise<Buffer> =>
  page.pdf({ preferCSSPageSize: true, printBackground: true,
    outline: fair, tagged: fair });

/** What the page runs, to number the lines of the contents. */
function numberLines(places: (readonly [string, number])[]): void {
  for (const [place, at] of places) {
    const line = document.querySelector(`.contents [href="#${place}"]`);
    line?.querySelector(".page")?.replaceChildren(String(at));
  }
}

/** Looks at a PDF as Chromium writes it: its objects are plain text. */
export function measure(pdf: Buffer): Measures {
  const text = pdf.toString("latin1");
  const pages = [...text.matchAll(/^(\d+) 0 obj\n<<\/Type \/Page$/gm)]
    .map(([, number]) => number);
  const list = /\/Dests (\d+) 0 R/.exec(text)?.[1];
  const from = list === undefined ? -1 : text.indexOf(`\n${list} 0 obj\n`);
  const dests = from < 0 ? ""
    : text.slice(from, text.indexOf("\nendobj", from));
  const places = [...dests.matchAll(/\/([^\s[]+) \[(\d+) 0 R/g)]
    .map(([, place, page]) =>
      [place!, pages.indexOf(page!) + 1] as const);
  const outline = text.match(/^<<\/Title .*\n\/Dest /gm)?.length ?? 0;
  return { pages: pages.length, outline, places: new Map(places) };
}
