// Woven from chapters/850-loom.md.
// Reads a chapter: Markdown to sections and fences.
import remarkParse from "remark-parse";
import { unified } from "unified";
import type { Code, Nodes } from "mdast";
import type { Chapter, Fence, Line, Section } from "./chapter";
import { applyInfo } from "./info";
import type { Problem } from "./problem";

const markdown = unified().use(remarkParse);

/** Reads one chapter; what is wrong with it goes to `problems`. */
export function readChapter(
  path: string,
  text: string,
  problems: Problem[],
): Chapter {
  const sections: Section[] = [
    { path, line: 1, column: 1, title: "", fences: [] },
  ];
  const raw = text.split("\n");
  const visit = (node: Nodes): void => {
    const start = node.position?.start;
    if (node.type === "heading" && start !== undefined) {
      const { line, column } = start;
      sections.push(
        { path, line, column, title: plainText(node), fences: [] });
    } else if (node.type === "code") {
      const fence = readFence(path, node, raw, problems);
      if (fence !== undefined) sections.at(-1)?.fences.push(fence);
    } else if ("children" in node) node.children.forEach(visit);
  };
  visit(markdown.parse(withoutFrontMatter(text)));
  return { path, sections };
}

function withoutFrontMatter(text: string): string {
  return text.replace(/^---\n[^]*?\n---\n/, (matter) =>
    matter.replace(/[^\n]/g, " "));
}

function plainText(node: Nodes): string {
  if ("value" in node) return node.value;
  if ("children" in node) return node.children.map(plainText).join("");
  return "";
}

function readFence(
  path: string,
  node: Code,
  raw: readonly string[],
  problems: Problem[],
): Fence | undefined {
  const { start, end } = node.position ?? {};
  if (!node.lang || start === undefined || end === undefined) return;
  const place = { path, line: start.line, column: start.column };
  const last = raw[end.line - 1] ?? "";
  if (end.line === start.line || !/(```|~~~)\s*$/.test(last)) {
    problems.push({ ...place, message: "this fence is never closed" });
    return;
  }
  const [ticks = ""] = /(```+|~~~+)/.exec(raw[start.line - 1] ?? "") ?? [];
  const inside = raw.slice(start.line, end.line - 1).findIndex((line) => {
    const text = line.trimStart();
    return line.length - text.length < start.column
      && text.startsWith(ticks) && /^[`~]+\s*\w/.test(text);
  });
  if (inside >= 0) {
    problems.push({ ...place, message: "this fence is never closed; another "
      + `one begins at line ${start.line + 1 + inside}` });
    return;
  }
  const count = end.line - start.line - 1;
  const body = count === 0 ? [] : node.value.split("\n").map(
    (text, index): Line => {
      const line = start.line + 1 + index;
      const column = (raw[line - 1] ?? "").length - text.length + 1;
      return { path, line, column, text };
    });
  const header = raw[start.line - 1] ?? "";
  return applyInfo(
    { ...place, language: node.lang, body, output: false },
    header, node.meta ?? "", problems);
}
