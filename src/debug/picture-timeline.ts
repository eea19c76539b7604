// Woven from chapters/802-timeline.md.
// Lanes as a picture, which leads to instants.
import { inColumns, letterOf, markIn, signFor, signsIn } from
  "./draw-timeline";
import type { Drawn, Mark } from "./draw-timeline";
import { COLUMNS, Sheet } from "./picture";
import type { Picture, Tone } from "./picture";

/** Columns left of the lanes; how far ticks are apart; sentences at most,
 * and columns left of what is too long for a line. */
const MARGIN = 7, TICK = 16, SENTENCES = 16, INDENT = 8;

const tones: Readonly<Record<string, Tone>> = {
  "=": "host", "~": "switcher", "+": "program", ".": "quiet", "?": "wrong",
};

const bad = new Set<Mark>(["died", "broken", "killed", "astray"]);

type Row = ReturnType<typeof inColumns>["rows"][number];

/** Columns with the same sign, as one stretch. */
function stretchesIn(row: Row): { sign: string; at: number; end: number }[] {
  const found: { sign: string; at: number; end: number }[] = [];
  row.forEach(({ times }, at) => {
    const sign = signFor(times), last = found.at(-1);
    if (last?.sign === sign) last.end = at + 1;
    else found.push({ sign, at, end: at + 1 });
  });
  return found;
}

/** Draws a lane from a row on; gives the row behind it. */
function drawLane(sheet: Sheet, top: number, row: Row, cpu: number,
  start: (column: number) => number): number {
  let guest = "";
  const y = top + 1, lane = stretchesIn(row);
  sheet.text(0, y, `CPU ${cpu}`);
  for (const { sign, at, end } of lane) {
    const goal = { count: start(at), cpu }, whose = sign.toUpperCase();
    if (sign === " ") continue;
    sheet.bar(MARGIN + at, y, end - at, sign, tones[sign] ?? "guest", goal);
    if (tones[sign] || whose === guest) continue;
    sheet.text(MARGIN + at, top, guest = whose, "guest");
  }
  row.forEach(({ bits }, column) => {
    const mark = markIn(bits);
    if (mark) sheet.text(MARGIN + column, y + 1, letterOf(mark),
      bad.has(mark) ? "wrong" : mark === "cr3" ? "quiet" : "ink",
      { count: start(column), cpu });
  });
  return y + 2;
}

/** The colour of a sign in the legend. */
const toneOf = (sign: string): Tone => tones[sign] ??
  (/[A-Z1-9]/.test(sign) ? "guest" : /[#!x@]/.test(sign) ? "wrong" : "ink");

/** What the signs are, each in its colour. */
function drawLegend(sheet: Sheet, top: number, words: string[]): number {
  let x = 0, y = top + 1;
  for (const word of words) {
    if (x > 0 && x + word.length > COLUMNS) [x, y] = [0, y + 1];
    const [sign = ""] = word, tone = toneOf(sign);
    if (sign in tones || tone === "guest")
      sheet.bar(x, y, 1, sign, tone).text(x + 2, y, word.slice(2), tone);
    else sheet.text(x, y, word, tone);
    x += word.length + 2;
  }
  return y + 1;
}

/** A run so far, as a picture; the instant `now` is marked, if it is one of
 * its. */
export function pictureOf(drawn: Drawn, now?: number): Picture {
  const { from, to, lanes, instants, name } = drawn, sheet = new Sheet();
  if (to <= from) return sheet.text(0, 0, "nothing to draw").picture();
  const { rows, columns, start } = inColumns(drawn, COLUMNS - MARGIN);
  for (let column = 0; column < columns; column += TICK)
    sheet.text(MARGIN + column, 0, `|${start(column)}`.slice(0, TICK - 1),
      "quiet");
  let y = 1;
  rows.forEach((row, i) => {
    y = drawLane(sheet, y, row, lanes[i]!.cpu.id, start);
  });
  if (now !== undefined && now >= from && now <= to) {
    const later = Array.from({ length: columns }, (_, i) => start(i))
      .filter((one) => one <= now).length;
    sheet.text(MARGIN + later - 1, y++, "^ now", "wrong");
  }
  y = drawLegend(sheet, y, signsIn(rows.flat(), name));
  const { kept } = instants.all();
  for (const { count, cpu, text } of kept.slice(-SENTENCES))
    for (const line of inLines(
      `${String(count).padStart(7)} CPU ${cpu}: ${text}`))
      sheet.text(0, y++, line, "ink", { count, cpu });
  return sheet.picture();
}

/** A sentence as lines that fit, cut between words. */
function inLines(sentence: string): string[] {
  const cut = sentence.lastIndexOf(" ", COLUMNS);
  if (sentence.length <= COLUMNS || cut <= INDENT) return [sentence];
  return [sentence.slice(0, cut),
    ...inLines(" ".repeat(INDENT) + sentence.slice(cut + 1))];
}
