// A chapter's number and its plain subtitle: above its title, in the title
// of its page, and behind every link that leads to it.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { chapterName, parts } from "../../src/loom/contents";
import { addProperties } from "./node";
import type { Node } from "./node";

interface VFile {
  path: string;
  data: { frontMatter?: { subtitle?: string } };
}

const numberOf = (path: string) => chapterName.exec(path)?.[1];

/** A remark plugin. The number is what a link shows and no part of its
 * text, so that sentences stay whole for those who listen to them. */
export function numbers() {
  return (tree: Node, file: VFile): void => {
    const number = numberOf(file.path);
    const visit = (node: Node): void => {
      if (node.type === "heading" && node.depth === 1 && number)
        node.children?.unshift(nameOf(number, file),
          { type: "text", value: " " });
      const to = node.type === "link" && numberOf(
        node.url?.replace(/#.*/, "") ?? "");
      if (to) addProperties(node, { "data-chapter": to });
      node.children?.forEach(visit);
    };
    visit(tree);
  };
}

function nameOf(number: string, file: VFile): Node {
  const { subtitle = "" } = file.data.frontMatter ?? {};
  return { type: "emphasis", children: [{ type: "text",
    value: `${number} · ${subtitle}` }],
  data: { hName: "span", hProperties: { className: "chapter-name" } } };
}

interface Parse {
  filePath: string;
  fileContent: string;
  defaultParseFrontMatter(params: Parse): Promise<{
    frontMatter: Record<string, unknown>; content: string }>;
}

/** What Docusaurus has to know of a chapter. Reference chapters are to look
 * things up in: no Next leads there, and none goes on. */
export async function matter(params: Parse) {
  const { frontMatter, content } =
    await params.defaultParseFrontMatter(params);
  const number = numberOf(params.filePath);
  if (number === undefined || !("subtitle" in frontMatter))
    return { frontMatter, content };
  const apart = number >= REFERENCE ? { pagination_next: null,
    pagination_prev: null } : number === last ? { pagination_next: null } : {};
  return { content, frontMatter: { ...frontMatter, ...apart,
    title: `${frontMatter["subtitle"]}` } };
}

/** Where the part begins that one looks things up in, and the number of
 * the last chapter before it. */
const REFERENCE = `${parts.indexOf("Reference")}00`;
const last = readdirSync(join(__dirname, "../../chapters"))
  .flatMap((name) => numberOf(name) ?? [])
  .filter((number) => number < REFERENCE).sort().at(-1);
