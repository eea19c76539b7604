// Woven from chapters/890-change.md.
// The layers of the program, drawn from its imports.

/** Which layers each layer imports; a layer is a folder in src/. */
export type Layers = ReadonlyMap<string, ReadonlySet<string>>;

/** Finds the layers in source files, given by their paths. */
export function importsOf(sources: ReadonlyMap<string, string>): Layers {
  const layers = new Map<string, Set<string>>();
  for (const [path, text] of sources) {
    const [, layer, ...inside] = path.split("/");
    if (layer === undefined || inside.length === 0) continue;
    const others = layers.get(layer) ?? new Set();
    layers.set(layer, others);
    for (const [, specifier = ""] of text.matchAll(specifiers)) {
      const up = specifier.split("/").filter((part) => part === "..");
      const [other = ""] = specifier.split("/").slice(up.length);
      if (up.length === inside.length && other !== layer)
        others.add(other);
    }
  }
  return layers;
}

const specifiers =
  /^(?:(?:import|export)\b[^;"'`]*?\bfrom|import)\s*"(\.[^"]*)"/gm;

/** The files of a layer as if its folders were layers, and what lies
 * directly in it one more: the whole. */
export function roomsOf(
  sources: ReadonlyMap<string, string>, layer: string,
): Map<string, string> {
  const files = [...sources].map(([path, text]) =>
    [path.split("/").slice(1), text] as const)
    .filter(([[first]]) => first === layer);
  const rooms = new Set(files.flatMap(([[, room, more]]) =>
    room && more ? [room] : []));
  const intoRooms = (text: string) => text.replace(/"\.\/(\w+)(?=["/])/g,
    (from, room: string) => rooms.has(room) ? `"../${room}` : from);
  return new Map(files.map(([[, ...name], text]) => name.length > 1
    ? [[layer, ...name].join("/"), text]
    : [[layer, "whole", ...name].join("/"), intoRooms(text)]));
}

/** Lines of a layer that are code, in TypeScript or in assembly. */
export function codeLines(
  sources: ReadonlyMap<string, string>, layer: string,
): number {
  const text = [...sources].filter(([path]) =>
    path.startsWith(`src/${layer}/`)).map(([, one]) => one).join("\n");
  return text.replace(/\/\*[^]*?\*\//g, "")
    .match(/^\s*(?!\/\/|#)\S/gm)?.length ?? 0;
}

/** The matrix of who imports whom, as text. */
export function drawLayers(layers: Layers): string {
  const below = (layer: string, seen = new Set<string>()): Set<string> => {
    for (const other of layers.get(layer) ?? [])
      if (!seen.has(other)) below(other, seen.add(other));
    return seen;
  };
  const names = [...layers.keys()].sort((a, b) =>
    below(a).size - below(b).size || (a < b ? -1 : 1));
  const width = Math.max(...names.map((name) => name.length)) + 4;
  const cell = (text: string | number) => String(text).padStart(3);
  const rows = names.map((row, at) => {
    const cells = names.map((column, index) => cell(
      layers.get(row)?.has(column) ? "●" : index === at ? "■"
        : index < at ? "·" : " ")).join("");
    return `${cell(at + 1).slice(1)} ${row}`.padEnd(width) + cells;
  });
  const head = names.map((_, at) => cell(at + 1)).join("");
  return [" ".repeat(width) + head, ...rows.map((row) => row.trimEnd())]
    .join("\n");
}
