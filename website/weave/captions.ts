// What stands above a fence: its file or chunk, and links both ways.
import type { Fence, Section } from "../../src/loom/chapter";
import { testsOf } from "../../src/loom/examples";
import type { Outcome } from "../src/examples/loom";
import { bootFence } from "./guest";
import type { Boot } from "./guest";
import { isHidden, pageUrl, sourceUrl } from "./read";
import type { Book, Page } from "./read";

export interface Link {
  readonly text: string;
  readonly href: string;
}

/** The captions of a page: for each of its fences the first line, so that
 * nobody takes one for another, and what stands above it. */
export type Captions = (readonly [first: string, caption?: Caption])[];

/** A caption; the page hands it to the code block as it is. */
export interface Caption {
  /** The fence's anchor on its page, and its line in the chapter. */
  readonly id: string;
  readonly line?: number;
  /** Whether it is folded away. */
  readonly hidden?: true;
  /** If names are known in its code: the number of its first line in the
   * chapter or the file. */
  readonly names?: number;
  /** "src/machine/cpu/tlb.ts", or a chunk's name, or what an example is. */
  readonly name: string;
  readonly kind: "file" | "chunk" | "test" | "run" | "output" | "source"
    | "machine";
  /** Where the code stands in the woven file. */
  readonly file?: Link;
  /** For a chunk: where it is called for. */
  readonly usedAt?: Link;
  /** Where the fence is that this one continues, and the one that goes on. */
  readonly before?: string;
  readonly after?: string;
  /** For a part of a file: the chapter that it comes from. */
  readonly chapter?: Link;
  /** Where the chunks that the code calls for are. */
  readonly references: Record<string, string>;
  /** For an example: its chapter, and the number of its test there;
   * `line` is the fence's in the chapter. */
  readonly example?: {
    readonly slug: string;
    readonly section: number;
    readonly line: number;
    readonly error?: number;
    /** What it did when the site was made. */
    readonly recorded?: Outcome;
  };
  /** For what an example prints, if there are pictures in it: to be shown
   * in place of their text, or not at all since the example shows them. */
  readonly drawn?: Outcome | "above";
  /** For what the page can boot: how that went, here. */
  readonly boot?: Boot;
}

const reference = /^\s*(?:\/\/|#)\s*<<(.+)>>\s*$/;

/** Something for an anchor from something for a reader. */
function anchorOf(text: string): string {
  return text.toLowerCase().replace(/^src\//, "")
    .replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}

interface Known {
  readonly fence: Fence;
  readonly section: Section;
  readonly page: Page;
  readonly id: string;
  readonly href: string;
}

/** Knows every fence of the book by its place, and its anchor. */
export class Places {
  readonly all = new Map<Fence, Known>();
  /** The fences of a file or a chunk, in reading order. */
  readonly groups = new Map<string, Known[]>();
  /** The fence that a line of a chapter is in. */
  private readonly owners = new Map<string, Known>();
  /** Where a chunk is called for. */
  readonly uses = new Map<string, Known>();
  /** The first line of each fence in its woven file. */
  private readonly lines = new Map<Fence, { path: string; line: number }>();

  constructor(readonly book: Book) {
    for (const page of book.pages)
      for (const section of page.sections)
        for (const fence of section.fences) this.add(page, section, fence);
    for (const file of book.files)
      file.lines.forEach((line, index) => {
        const fence = this.owner(line.find((piece) => piece.from)?.from);
        if (fence && !this.lines.has(fence.fence))
          this.lines.set(fence.fence, { path: file.path, line: index + 1 });
      });
  }

  /** The fence that has this line of this chapter. */
  owner(place?: { path: string; line: number }): Known | undefined {
    return place && this.owners.get(`${place.path}:${place.line}`);
  }

  private add(page: Page, section: Section, fence: Fence): void {
    const group = groupOf(fence);
    const others = group === undefined ? [] : this.groups.get(group) ?? [];
    const number = others.length === 0 ? "" : `-${others.length + 1}`;
    const id = group === undefined ? `example-${fence.line}`
      : `${fence.chunk ? "chunk" : "file"}-${
        anchorOf(fence.chunk ?? fence.file ?? "")}${number}`;
    const known = { fence, section, page, id, href: `${pageUrl(page)}#${id}` };
    this.all.set(fence, known);
    if (group !== undefined) this.groups.set(group, [...others, known]);
    for (const line of fence.body) {
      this.owners.set(`${line.path}:${line.line}`, known);
      const name = reference.exec(line.text)?.[1];
      if (name !== undefined) this.uses.set(name, known);
    }
  }

  /** Where a fence's code begins in `src/`. */
  inSource(fence: Fence): Link | undefined {
    const found = this.lines.get(fence);
    return found && { text: found.path,
      href: `${sourceUrl(found.path)}#l${found.line}` };
  }

  /** For each chunk that a fence calls for, where it is told. */
  references(fence: Fence): Record<string, string> {
    const names = fence.body
      .map((line) => reference.exec(line.text)?.[1])
      .filter((name) => name !== undefined);
    return Object.fromEntries(names.map((name) =>
      [name, this.groups.get(`<<${name}>>`)?.[0]?.href ?? ""]));
  }
}

/** Whether it is known what the names in it mean. */
export function hasNames({ language }: Fence): boolean {
  return language === "ts" || language === "asm";
}

function groupOf(fence: Fence): string | undefined {
  return fence.file ?? (fence.chunk && `<<${fence.chunk}>>`);
}

/** The captions of a chapter: one for each of its fences, or none.
 * `recorded` holds the outcomes of its examples, by line. */
export function captionsOf(
  places: Places,
  page: Page,
  recorded: Record<number, Outcome> = {},
): Captions {
  const tests = page.sections.flatMap(testsOf);
  return page.sections.flatMap(({ fences }) =>
    fences.map((fence): Captions[number] => {
      const caption = captionOf(places, fence, recorded,
        tests.findIndex((test) => test.fences.includes(fence)));
      return [fence.body[0]?.text ?? "", caption && isHidden(fence)
        ? { ...caption, hidden: true } : caption];
    }));
}

function captionOf(
  places: Places,
  fence: Fence,
  recorded: Record<number, Outcome>,
  section: number,
): Caption | undefined {
  const known = places.all.get(fence)!;
  const { id } = known, { line } = fence;
  const references = places.references(fence);
  const group = groupOf(fence);
  if (group === undefined) {
    const boot = bootFence(fence);
    if (boot) return { id, references, kind: "machine", boot,
      name: boot.order.guest === undefined ? "The machine, here"
        : "A Guest of its own" };
    return exampleCaption(known, section, recorded);
  }
  const others = places.groups.get(group) ?? [];
  const at = others.indexOf(known);
  const use = fence.chunk === undefined
    ? undefined : places.uses.get(fence.chunk);
  const usedAt = use && { href: use.href,
    text: use.fence.chunk ?? use.fence.file ?? "" };
  return {
    id, line, references, kind: fence.chunk ? "chunk" : "file",
    name: fence.chunk ?? fence.file ?? "",
    ...defined({ file: places.inSource(fence), usedAt,
      names: hasNames(fence) ? line + 1 : undefined,
      before: others[at - 1]?.href, after: others[at + 1]?.href }),
  };
}

function exampleCaption(
  known: Known,
  section: number,
  outcomes: Record<number, Outcome>,
): Caption | undefined {
  const { fence, page, id } = known;
  const { example, expectError, line, red } = fence, recorded = outcomes[line];
  if (fence.output) return { id, kind: "output",
    name: "What it prints", references: {},
    ...defined({ drawn: drawnBefore(known, outcomes) }) };
  if (example === undefined) return undefined;
  const name = expectError !== undefined
    ? `Refused by the compiler, with error TS${expectError}`
    : example === "run" ? "An example that prints"
    : red ? "An exercise, red until you have done it" : "An example";
  return { id, kind: example, name, references: {},
    example: { slug: page.slug, section, line,
      ...(recorded && { recorded }),
      ...(expectError !== undefined && { error: expectError }) } };
}

/** What the example before an output has drawn; if it is hidden, the output
 * has to show it. */
function drawnBefore(
  { fence, section }: Known, outcomes: Record<number, Outcome>,
): Caption["drawn"] {
  const { fences } = section;
  const printer = fences.slice(0, fences.indexOf(fence))
    .findLast((one) => one.example !== undefined);
  const outcome = printer && outcomes[printer.line];
  if (!outcome?.pictures?.length) return undefined;
  return isHidden(printer!) ? outcome : "above";
}

function defined<T extends object>(object: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(object)
    .filter(([, value]) => value !== undefined)) as
    { [K in keyof T]?: NonNullable<T[K]> };
}
