// Hands each code block what weave/captions.ts knows about it. It goes by
// the order of the fences, which both of us read the same way.
import { existsSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { Captions } from "../weave/captions";
import { addProperties } from "./node";
import type { Node } from "./node";

const folder = join(__dirname, "../.woven");

/** A remark plugin; `part` says which of the captions are meant. */
export function captions({ part }: { part: "chapters" | "source" }) {
  return (tree: Node, file: { path: string }): void => {
    const name = part === "chapters" ? basename(file.path)
      : relative(join(folder, "source"), file.path);
    const path = join(folder, `captions/${part}/${name}.json`);
    // A page that the loom doesn't weave, such as CONTRIBUTING.md, has none.
    const mine: Captions | undefined = existsSync(path)
      ? JSON.parse(readFileSync(path, "utf8")) : undefined;
    let next = 0;
    const visit = (node: Node): void => {
      if (node.type === "code" && node.lang && mine) {
        const [first, caption] = mine[next++] ?? [];
        const same = first === (node.value ?? "").split("\n")[0];
        if (!same && !process.env["BOOK_DRAFT"]) throw new Error(
          `${file.path} has changed since it was woven; weave again`);
        if (caption && same)
          addProperties(node, { "data-caption": JSON.stringify(caption) });
      }
      if (node.type === "link" && node.url?.startsWith("../"))
        node.url = node.url.replace("../CONTRIBUTING.md",
          "/source/contributing");
      node.children?.forEach(visit);
    };
    visit(tree);
  };
}
