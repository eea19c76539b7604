// A picture of the book as an SVG: the shapes of src/debug/picture.ts, a
// letter being so many points wide and high; and as text for those who
// can't see it.
import type { KeyboardEvent } from "react";
import type { Goal, Shape, Spot } from "../../../src/debug/picture";
import { Picture } from "../../../src/debug/picture";
import styles from "./drawing.module.css";

const WIDE = 6.6, HIGH = 15, SIZE = 11;

interface Props {
  readonly shapes: readonly Shape[];
  /** Is told where a click on a shape leads. */
  readonly go?: ((goal: Goal) => void) | undefined;
  /** What it shows, in some words. */
  readonly label?: string;
}

/** Frames and lines lie below bars, and these below texts. */
const layers: Readonly<Record<Shape["kind"], number>> =
  { box: 0, line: 1, bar: 2, text: 3 };

export default function Drawing({ shapes, go, label }: Props) {
  const { text } = new Picture(shapes), lines = text.split("\n");
  const columns = Math.max(...lines.map((line) => line.length), 1);
  const width = columns * WIDE, height = lines.length * HIGH;
  const sorted = [...shapes].sort((a, b) => layers[a.kind] - layers[b.kind]);
  return (
    <figure className={styles.figure}>
      <svg viewBox={`0 0 ${width} ${height}`} data-drawing=""
        style={{ width: `${width * 1.16 / 16}rem` }} fontSize={SIZE}
        role={go ? "group" : "img"} aria-label={label ?? "A picture"}>
        {sorted.map((shape, index) =>
          <Drawn key={index} shape={shape} go={go}
            onEdge={isOnEdge(shape, shapes)} />)}
      </svg>
      <details className={styles.words}>
        <summary>as text</summary>
        <pre tabIndex={0} aria-label="The picture as text">{text}</pre>
      </details>
    </figure>
  );
}

/** Whether a text stands on the frame of a box, which then ends there. */
function isOnEdge(shape: Shape, all: readonly Shape[]): boolean {
  if (shape.kind !== "text") return false;
  const [x, y] = shape.at;
  return all.some((one) => one.kind === "box"
    && (y === one.at[1] || y === one.at[1] + one.height - 1)
    && x > one.at[0] && x < one.at[0] + one.width);
}

function Drawn({ shape, go, onEdge }: {
  shape: Shape; go: Props["go"]; onEdge: boolean }) {
  const { goal } = shape, drawn = draw(shape, onEdge);
  if (goal === undefined || go === undefined) return drawn;
  const press = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    go(goal);
  };
  return (
    <g className={styles.goal} role="button" tabIndex={0}
      aria-label={goalName(shape, goal)} onClick={() => go(goal)}
      onKeyDown={press}>{drawn}</g>
  );
}

function goalName(shape: Shape, { address, count }: Goal): string {
  if (shape.kind === "text") return shape.text;
  return count !== undefined ? `instruction ${count}`
    : `0x${(address ?? 0).toString(16)}`;
}

/** The middle of a letter. */
const middle = ([x, y]: Spot): [number, number] =>
  [(x + 0.5) * WIDE, (y + 0.5) * HIGH];

function draw(shape: Shape, onEdge: boolean) {
  const tone = `${styles[shape.kind]} ${styles[shape.tone]}`
    + (onEdge ? ` ${styles.edge}` : "");
  switch (shape.kind) {
    case "text": {
      const { at: [x, y], text } = shape;
      return <text className={tone} x={x * WIDE} y={(y + 0.72) * HIGH}
        textLength={text.length * WIDE} xmlSpace="preserve">{text}</text>;
    }
    case "bar": {
      const { at: [x, y], width } = shape;
      return <rect className={tone} x={x * WIDE} y={(y + 0.2) * HIGH}
        width={width * WIDE} height={0.6 * HIGH} />;
    }
    case "box": {
      const [x, y] = middle(shape.at), { width, height, tinted } = shape;
      return <rect className={`${tone} ${tinted ? styles.tinted : ""}`}
        x={x} y={y} rx={2} width={(width - 1) * WIDE}
        height={(height - 1) * HIGH} />;
    }
    case "line": {
      const points = shape.spots.map(middle);
      return <g className={tone}>
        <polyline points={points.join(" ")} />
        {shape.arrow && <path d={head(points)} />}
      </g>;
    }
  }
}

/** The head of an arrow, at its last point. */
function head(points: readonly (readonly [number, number])[]): string {
  const [x, y] = points.at(-1)!, [fromX, fromY] = points.at(-2)!;
  const dx = Math.sign(x - fromX), dy = Math.sign(y - fromY);
  const [tipX, tipY] = [x + 3 * dx, y + 3 * dy];
  const [backX, backY] = [tipX - 6 * dx, tipY - 6 * dy];
  return `M${tipX},${tipY}L${backX + 3 * dy},${backY + 3 * dx}`
    + `L${backX - 3 * dy},${backY - 3 * dx}Z`;
}
