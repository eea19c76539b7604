// A page's tree, and what we do with one: find, change, take out, make.
import { defaultTreeAdapter as adapter, html, parse, parseFragment,
  serializeOuter } from "parse5";
import type { DefaultTreeAdapterMap } from "parse5";

export type Node = DefaultTreeAdapterMap["childNode"];
export type Element = DefaultTreeAdapterMap["element"];
type Parent = DefaultTreeAdapterMap["parentNode"];

export const isElement = (node: Node | Parent): node is Element =>
  "tagName" in node;

/** An attribute, or undefined. */
export function get(element: Element, name: string): string | undefined {
  return element.attrs.find((one) => one.name === name)?.value;
}

/** Sets an attribute, or takes it away. */
export function set(
  element: Element, name: string, value: string | undefined,
): void {
  element.attrs = element.attrs.filter((one) => one.name !== name);
  if (value !== undefined) element.attrs.push({ name, value });
}

/** Whether it is of a class. A module's classes are called as in the module:
 * "figure", and on the page "figure_VhhW". */
export function is(element: Element, name: string): boolean {
  return get(element, "class")?.split(" ").includes(name) ?? false;
}

/** All elements below, in reading order, that are as they should be. */
export function all(
  root: Parent, wanted: (element: Element) => boolean = () => true,
): Element[] {
  const found: Element[] = [];
  const visit = (node: Node): void => {
    if (!isElement(node)) return;
    if (wanted(node)) found.push(node);
    node.childNodes.forEach(visit);
  };
  root.childNodes.forEach(visit);
  return found;
}

/** All elements below of one kind. */
export const tagged = (root: Parent, name: string): Element[] =>
  all(root, ({ tagName }) => tagName === name);

/** The text of all that is below. */
export function text(node: Node | Parent): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(text).join("") : "";
}

/** Takes it out of its tree. */
export const drop = (node: Node): void => adapter.detachNode(node);

/** Puts what is in it in its place. */
export function unwrap(element: Element): void {
  replace(element, element.childNodes);
}

/** Puts others in its place. */
export function replace(element: Element, others: readonly Node[]): void {
  for (const one of [...others]) {
    adapter.detachNode(one);
    adapter.insertBefore(element.parentNode!, one, element);
  }
  adapter.detachNode(element);
}

/** A new element with these children. */
export function make(
  name: string, attrs: Record<string, string>,
  ...children: readonly (Node | string)[]
): Element {
  const element = adapter.createElement(name, html.NS.HTML,
    Object.entries(attrs).map(([name, value]) => ({ name, value })));
  for (const child of children)
    if (typeof child === "string") adapter.insertText(element, child);
    else {
      if (child.parentNode) adapter.detachNode(child);
      adapter.appendChild(element, child);
    }
  return element;
}

/** Reads a page. */
export const readPage = (text: string): Parent => parse(text);

/** Reads a part of a page. */
export const readPart = (text: string): Parent => parseFragment(text);

/** The text that gives this element. */
export const write = (element: Element): string => serializeOuter(element);
