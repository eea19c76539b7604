// Woven from chapters/840-drawing.md.
// Pictures on a grid of letters: as shapes, and as text.

/** Whose something is, or how it is. A page has a colour for each. */
export const TONES = ["ink", "quiet", "host", "guest", "switcher",
  "program", "wrong"] as const;
export type Tone = typeof TONES[number];

/** What one is led to by a shape: an address, on a CPU; an instant. */
export interface Goal {
  readonly cpu?: number;
  readonly address?: number;
  /** Instructions of all CPUs. */
  readonly count?: number;
}

/** A place: column and row, in letters. */
export type Spot = readonly [x: number, y: number];

/** A thing on the sheet. A box may be tinted; a bar is a row of the same
 * letter, or in a page a broad line. */
export type Shape = { readonly tone: Tone; readonly goal?: Goal } & (
  | { readonly kind: "text"; readonly at: Spot; readonly text: string }
  | { readonly kind: "bar"; readonly at: Spot; readonly width: number;
      readonly sign: string }
  | { readonly kind: "box"; readonly at: Spot; readonly width: number;
      readonly height: number; readonly tinted: boolean }
  | { readonly kind: "line"; readonly spots: readonly Spot[];
      readonly arrow: boolean });

/** The most columns of a picture. */
export const COLUMNS = 54;

/** What is drawn, in shapes; as a string it is text. */
export class Picture {
  constructor(readonly shapes: readonly Shape[]) {}

  /** Lines of letters; none ends in a space. */
  get text(): string {
    return lettersOf(this.shapes);
  }

  toString(): string {
    return this.text;
  }

  /** What Node's console shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.text;
  }
}

/** A picture that is being made. */
export class Sheet {
  private readonly shapes: Shape[] = [];

  /** Letters from a place on. */
  text(x: number, y: number, text: string, tone: Tone = "ink", goal?: Goal) {
    return this.add({ kind: "text", at: [x, y], text, tone, goal });
  }

  /** A row of one letter. */
  bar(x: number, y: number, width: number, sign: string, tone: Tone,
    goal?: Goal) {
    return this.add({ kind: "bar", at: [x, y], width, sign, tone, goal });
  }

  /** A frame; its corners are letters of it. */
  box(x: number, y: number, width: number, height: number, tone: Tone,
    goal?: Goal, tinted = true) {
    return this.add(
      { kind: "box", at: [x, y], width, height, tinted, tone, goal });
  }

  /** A line from spot to spot, along rows and columns. */
  line(spots: readonly Spot[], tone: Tone = "quiet") {
    return this.add({ kind: "line", spots, arrow: false, tone });
  }

  arrow(spots: readonly Spot[], tone: Tone = "quiet") {
    return this.add({ kind: "line", spots, arrow: true, tone });
  }
  private add(shape: Shape): this {
    const { goal, ...rest } = shape;
    this.shapes.push(fit(goal ? { ...rest, goal } as Shape : rest as Shape));
    return this;
  }

  picture(): Picture {
    return new Picture(this.shapes);
  }
}


/** Where a shape is, from its first letter to its last. */
function edges(shape: Shape): { from: Spot; to: Spot } {
  if (shape.kind === "line") {
    const xs = shape.spots.map(([x]) => x), ys = shape.spots.map(([, y]) => y);
    return { from: [Math.min(...xs), Math.min(...ys)],
      to: [Math.max(...xs), Math.max(...ys)] };
  }
  const [x, y] = shape.at, height = shape.kind === "box" ? shape.height : 1;
  const width = shape.kind === "text" ? shape.text.length : shape.width;
  return { from: [x, y], to: [x + width - 1, y + height - 1] };
}

/** A shape as it fits on the sheet; an Error if it doesn't. */
function fit(shape: Shape): Shape {
  const fitting = shape.kind !== "text" ? shape : { ...shape,
    text: shape.text.replace(/[^\x20-\x7e]/g, "?")
      .slice(0, COLUMNS - shape.at[0]) };
  const { from, to } = edges(fitting);
  const whole = [...from, ...to].every((one) => Number.isInteger(one));
  if (!whole || from[0] < 0 || from[1] < 0 || to[0] >= COLUMNS) {
    throw new RangeError(`a ${shape.kind} from column ${from[0]} to ${to[0]}` +
      `: a sheet has whole columns from 0 to ${COLUMNS - 1}`);
  }
  return fitting;
}


/** Letters on a sheet. */
class Letters {
  private readonly rows: string[][] = [];

  put(x: number, y: number, letter: string): void {
    const row = this.rows[y] ??= [];
    while (row.length < x) row.push(" ");
    row[x] = letter;
  }

  at(x: number, y: number): string {
    return this.rows[y]?.[x] ?? " ";
  }

  /** Draws from one spot to another. */
  stroke([x, y]: Spot, [toX, toY]: Spot): void {
    const flat = y === toY, steps = Math.abs(toX - x) + Math.abs(toY - y);
    for (let i = 0; i <= steps; i++) {
      const a = x + Math.sign(toX - x) * i, b = y + Math.sign(toY - y) * i;
      const there = this.at(a, b), stroke = flat ? "-" : "|";
      const crosses = there !== " " && there !== stroke;
      this.put(a, b, crosses ? "+" : stroke);
    }
  }

  lines(): string[] {
    return Array.from(this.rows, (row = []) => row.join("").trimEnd());
  }
}


function cornersOf(x: number, y: number, width: number, height: number) {
  const right = x + width - 1, bottom = y + height - 1;
  return [[x, y], [right, y], [right, bottom], [x, bottom], [x, y]] as const;
}

function putLine(letters: Letters, spots: readonly Spot[], arrow: boolean) {
  spots.slice(1).forEach((spot, i) => letters.stroke(spots[i]!, spot));
  const [x, y] = spots.at(-1)!, [fromX, fromY] = spots.at(-2)!;
  if (arrow)
    letters.put(x, y, x > fromX ? ">" : x < fromX ? "<" : y > fromY ? "v" : "^");
}

function lettersOf(shapes: readonly Shape[]): string {
  const letters = new Letters();
  for (const one of shapes) {
    if (one.kind === "line") putLine(letters, one.spots, one.arrow);
    if (one.kind === "box")
      putLine(letters, cornersOf(...one.at, one.width, one.height), false);
  }
  for (const one of shapes)
    if (one.kind === "bar")
      for (let i = 0; i < one.width; i++)
        letters.put(one.at[0] + i, one.at[1], one.sign);
  for (const one of shapes)
    if (one.kind === "text")
      [...one.text].forEach((letter, i) =>
        letters.put(one.at[0] + i, one.at[1], letter));
  return letters.lines().join("\n");
}


/** Texts that share a letter with another one, or none. */
export function overlaps({ shapes }: Picture): string[] {
  const taken = new Map<string, string>(), found: string[] = [];
  for (const one of shapes) {
    if (one.kind !== "text") continue;
    const { text, at: [x, y] } = one;
    const others = Array.from(text, (_, i) => taken.get(`${x + i},${y}`));
    const other = others.find((some) => some !== undefined);
    if (other !== undefined) found.push(`"${other}" and "${text}"`);
    Array.from(text, (_, i) => taken.set(`${x + i},${y}`, text));
  }
  return found;
}
