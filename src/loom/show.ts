// Woven from chapters/880-at-once.md.
// Values as they are written in TypeScript.

/** The expression for a value, or undefined if there is none. */
export function show(value: unknown, hex: boolean): string | undefined {
  if (typeof value === "number") return showNumber(value, hex);
  if (typeof value === "bigint") return `${showNumber(value, hex)}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || value === undefined
    || typeof value === "boolean") return String(value);
  const broken = showBroken(value, hex);
  if (broken === undefined) return undefined;
  const [opening = "", ...rest] = broken;
  const closing = rest.pop() ?? "";
  const inside = rest.map((line) => line.trim()).join(" ")
    .replace(/,$/, "");
  const space = opening.endsWith("{") && inside !== "" ? " " : "";
  return `${opening}${space}${inside}${space}${closing}`;
}

function showNumber(value: number | bigint, hex: boolean): string {
  if (!hex || !/^-?\d+$/.test(String(value))) return Object.is(value, -0)
    ? "-0" : String(value);
  const digits = value.toString(16);
  return value < 0 ? `-0x${digits.slice(1)}` : `0x${digits}`;
}

/** The lines for a list or a record: opening, elements, closing. */
export function showBroken(
  value: unknown,
  hex: boolean,
): string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const kind = Object.getPrototypeOf(value)?.constructor?.name;
  const list = (open: string, items: Iterable<unknown>, close: string) =>
    lines(open, [...items].map((item) => show(item, hex)), close);
  if (Array.isArray(value)) return list("[", value, "]");
  if (value instanceof Set) return list("new Set([", value, "])");
  if (value instanceof Map) return list("new Map([", value, "])");
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return list(`${kind}.of(`, value as Uint8Array, ")");
  if (kind !== "Object") return undefined;
  const entries = Object.entries(value).map(([key, item]) => {
    const name = /^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key);
    const text = show(item, hex);
    return text === undefined ? undefined : `${name}: ${text}`;
  });
  return lines("{", entries, "}");
}

function lines(
  open: string,
  items: readonly (string | undefined)[],
  close: string,
): string[] | undefined {
  const texts: string[] = [open];
  for (const item of items) {
    if (item === undefined) return undefined;
    texts.push(`  ${item},`);
  }
  return [...texts, close];
}
