// The page that is printed: a style sheet, and the book.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "../weave/read";
import { write } from "./tree";
import type { Element } from "./tree";

/** A whole document, which needs nothing from elsewhere. */
export function document(
  body: readonly Element[], pages: readonly Page[],
): string {
  const sheet = ["../src/drawing/drawing.module.css", "print.css"]
    .map((name) => readFileSync(join(__dirname, name), "utf8")).join("");
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    + `<title>lguest in TypeScript</title><style>${colours()}${sheet}${
      pages.map(running).join("")}</style></head><body>${
      body.map(write).join("\n")}</body></html>`;
}

/** The site's colours, by day: the first rule of its style sheet. */
function colours(): string {
  const site = readFileSync(
    join(__dirname, "../src/css/custom.css"), "utf8");
  return /^:root \{[^}]*\}/m.exec(site)?.[0] ?? "";
}

/** What stands above the pages of a chapter. */
function running({ number, subtitle }: Page): string {
  const name = JSON.stringify(`${number} · ${subtitle}`);
  return `@page p${number}{@top-left{content:${name}}}`
    + `.chapter-${number}{page:p${number}}`;
}
