// One page for each file of src/: its code in file order, each part with
// a link to the chapter that tells it.
import type { WovenFile } from "../../src/loom/piece";
import { lineText } from "../../src/loom/piece";
import { counted } from "../../src/machine/ground/numbers";
import { hasNames } from "./captions";
import type { Captions, Places } from "./captions";
import { pageUrl, sourceId } from "./read";
import type { Page } from "./read";

/** A page in Markdown, and the captions of its fences. */
export interface SourcePage {
  /** Below .woven/source: "machine/cpu/tlb.md". */
  readonly path: string;
  readonly text: string;
  readonly captions: Captions;
}

interface Run {
  readonly fence: NonNullable<ReturnType<Places["owner"]>>;
  /** The number of its first line, and of the first that is its own. */
  readonly start: number;
  readonly own: number;
  readonly lines: string[];
}

/** The page of one file. */
export function sourcePage(places: Places, file: WovenFile): SourcePage {
  const runs = runsOf(places, file);
  const pages = [...new Set(runs.map((run) => run.fence.page))];
  const blocks = runs.map((run) => {
    const language = run.fence.fence.language;
    return `~~~~~~${language} showLineNumbers=${run.start}\n`
      + `${run.lines.join("\n")}\n~~~~~~\n`;
  });
  const name = file.path.split("/").at(-1);
  const text = `---\ntitle: ${file.path}\nsidebar_label: ${name}\n`
    + `slug: /${sourceId(file.path)}\n---\n\n`
    + `# ${file.path}\n\n${introduction(file, pages)}\n\n`
    + blocks.join("\n");
  const captions = runs.map((run): Captions[number] => {
    const { fence, section, page, href } = run.fence;
    return [run.lines[0] ?? "", { id: `l${run.own}`, kind: "source",
      references: {}, name: fence.chunk ?? "",
      ...(hasNames(fence) && { names: run.start }),
      chapter: { href, text: section.title || page.subtitle } }];
  });
  return { path: `${sourceId(file.path)}.md`, text, captions };
}

function introduction(file: WovenFile, pages: readonly Page[]): string {
  const links = pages.map((page) =>
    `[${page.number} ${page.subtitle}](${pageUrl(page)})`);
  const last = links.pop();
  const list = links.length === 0 ? last : `${links.join(", ")} and ${last}`;
  return `${counted(file.lines.length, "line")}, told in ${list}.`;
}

/** The file's lines, cut where another fence begins. */
function runsOf(places: Places, file: WovenFile): Run[] {
  const runs: Run[] = [];
  let waiting: string[] = [];
  file.lines.forEach((line, index) => {
    const text = lineText(line);
    const fence = places.owner(line.find((piece) => piece.from)?.from);
    const last = runs.at(-1);
    if (fence === undefined) waiting.push(text);
    else if (last?.fence === fence) {
      last.lines.push(...waiting, text);
      waiting = [];
    } else {
      const whole = waiting.filter((one) => one.trim() !== "");
      const start = index + 1 - whole.length;
      runs.push({ fence, start, own: index + 1, lines: [...whole, text] });
      waiting = [];
    }
  });
  return runs;
}
