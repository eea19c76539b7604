// What our plugins see of a page's tree.

/** A node of Markdown. */
export interface Node {
  type: string;
  depth?: number;
  lang?: string | null;
  title?: string;
  url?: string;
  value?: string;
  data?: { hName?: string; hProperties?: Record<string, string> };
  children?: Node[];
}

/** Gives the element that a node becomes some more properties. */
export function addProperties(
  node: Node, properties: Record<string, string>,
): void {
  node.data = { ...node.data,
    hProperties: { ...node.data?.hProperties, ...properties } };
}
