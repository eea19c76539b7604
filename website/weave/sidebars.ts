// The sidebars: the book's parts, and the folders of src/.
import type { WovenFile } from "../../src/loom/piece";
import { sourceId } from "./read";
import { parts } from "../../src/loom/contents";
import type { Page } from "./read";

type Item =
  | { type: "doc"; id: string; label: string }
  | { type: "category"; label: string; items: Item[]; collapsed?: boolean };

/** The seven parts that one reads; the others are closed at first. */
const quest = new Set<string>(parts.slice(0, 7));

/** The chapters by part, with their numbers and plain names. */
export function bookSidebar(pages: readonly Page[]): Item[] {
  return parts.flatMap((part): Item[] => {
    const items = pages.filter((page) => page.part === part)
      .map(({ slug, number, subtitle }): Item =>
        ({ type: "doc", id: slug, label: `${number} ${subtitle}` }));
    return items.length === 0 ? []
      : [{ type: "category", label: part, items,
        collapsed: !quest.has(part) }];
  });
}

/** The files of src/, in the folders in which they lie. */
export function sourceSidebar(files: readonly WovenFile[]): Item[] {
  const top: Item[] = [{ type: "doc", id: "all", label: "All files" },
    { type: "doc", id: "contributing", label: "Contributing" }];
  const paths = files.map((file) => file.path).sort();
  for (const path of paths) {
    const folders = path.split("/").slice(1, -1);
    let items = top;
    for (const label of folders) items = folder(items, label);
    const label = path.split("/").at(-1) ?? path;
    items.push({ type: "doc", id: sourceId(path), label });
  }
  return top;
}

function folder(items: Item[], label: string): Item[] {
  const found = items.find(
    (item) => item.type === "category" && item.label === label);
  if (found?.type === "category") return found.items;
  const made: Item = { type: "category", label, items: [] };
  items.push(made);
  return made.items;
}
