// The little that the examples need of Node's own modules, for browsers.
// node:util's `format`, node:path for the loom, and a fingerprint.

/** Values side by side, as Node's console prints them. */
export function format(...values: unknown[]): string {
  return values.map((value) =>
    typeof value === "string" ? value : show(value, 0)).join(" ");
}

function show(value: unknown, depth: number): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "function")
    return value.name ? `[Function: ${value.name}]` : "[Function (anonymous)]";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return value.stack ?? String(value);
  const custom = Object(value)[Symbol.for("nodejs.util.inspect.custom")];
  if (typeof custom === "function") return String(custom.call(value));
  if (depth > 2) return Array.isArray(value) ? "[Array]" : "[Object]";
  const inner = (one: unknown) => show(one, depth + 1);
  if (Array.isArray(value)) return list("[", value.map(inner), "]");
  const name = value.constructor?.name ?? "Object";
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    const items = [...value as Uint8Array].map(inner);
    return `${name}(${items.length}) ${list("[", items, "]")}`;
  }
  if (value instanceof Map) return `Map(${value.size}) ${list("{",
    [...value].map(([key, one]) => `${inner(key)} => ${inner(one)}`), "}")}`;
  if (value instanceof Set)
    return `Set(${value.size}) ${list("{", [...value].map(inner), "}")}`;
  const members = Object.entries(value).map(([key, one]) =>
    `${/^[\w$]+$/.test(key) ? key : quote(key)}: ${inner(one)}`);
  return (name === "Object" ? "" : `${name} `) + list("{", members, "}");
}

function quote(text: string): string {
  const plain = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return text.includes("'") ? `"${plain}"` : `'${plain}'`;
}

/** On one line if it is short, else one item a line. */
function list(open: string, items: string[], close: string): string {
  if (items.length === 0) return open + close;
  const short = `${open} ${items.join(", ")} ${close}`;
  if (short.length <= 72 && !short.includes("\n")) return short;
  return `${open}\n  ${items.join(",\n")
    .replaceAll("\n", "\n  ")}\n${close}`;
}

/** Paths with slashes. */
export const posix = { basename, dirname, relative, join };

export function basename(path: string, end = ""): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return end && name.endsWith(end) ? name.slice(0, -end.length) : name;
}

export function dirname(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "." : path.slice(0, at);
}

export function join(...parts: string[]): string {
  return parts.filter(Boolean).join("/");
}

export function relative(from: string, to: string): string {
  const a = from.split("/"), b = to.split("/");
  while (a.length > 0 && b.length > 0 && a[0] === b[0]) {
    a.shift();
    b.shift();
  }
  return [...a.map(() => ".."), ...b].join("/");
}

/** A fingerprint in the shape of Node's; good enough to compare. */
export function createHash(_kind: string) {
  let text = "";
  const hash = {
    update(more: string) {
      text += more;
      return hash;
    },
    digest(_encoding: string) {
      let sum = 0;
      for (const char of text)
        sum = (Math.imul(sum, 31) + char.codePointAt(0)!) | 0;
      return (sum >>> 0).toString(16).padStart(8, "0");
    },
  };
  return hash;
}
