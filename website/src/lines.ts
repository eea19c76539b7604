// Lines of the chapters in the page: each code block knows in which line
// of its chapter it begins.

/** The element of a chapter's line, if it is code, and on this page. */
export function lineElement(line: number): HTMLElement | undefined {
  for (const fence of document.querySelectorAll<HTMLElement>("[data-line]")) {
    const first = Number(fence.dataset["line"]) + 1;
    const lines = fence.querySelectorAll<HTMLElement>(
      ".theme-code-block .token-line");
    if (line >= first && line < first + lines.length)
      return lines[line - first];
  }
  return undefined;
}

const MARK = "book-line--now";

/** Marks these lines, and no others. */
export function mark(lines: readonly number[]): void {
  document.querySelectorAll(`.${MARK}`).forEach((one) =>
    one.classList.remove(MARK));
  for (const line of lines) lineElement(line)?.classList.add(MARK);
}

/** Goes to the line that the address asks for: /book/switcher?line=300. */
export function showAsked(search: string): void {
  const asked = Number(new URLSearchParams(search).get("line") ?? NaN);
  if (!Number.isInteger(asked)) return;
  mark([asked]);
  lineElement(asked)?.scrollIntoView({ block: "center" });
}
