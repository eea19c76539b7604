// Woven from chapters/865-stitch.md.
// What has changed between two lists of lines.

/** The lines from `start` up to `end` have become other lines. */
export interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
}

/** The changes that lead from one text to another, in order. */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
): Hunk[] {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head++;
  let old = before.length, now = after.length;
  while (old > head && now > head && before[old - 1] === after[now - 1]) {
    old--;
    now--;
  }
  return hunks(before.slice(head, old), after.slice(head, now), head);
}

function hunks(
  before: readonly string[],
  after: readonly string[],
  offset: number,
): Hunk[] {
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] = before[i] === after[j]
        ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const found: Hunk[] = [];
  let i = 0, j = 0;
  while (i < before.length || j < after.length) {
    const start = i, first = j;
    while (i < before.length && j < after.length && before[i] !== after[j])
      if (at(i + 1, j) >= at(i, j + 1)) i++;
      else j++;
    if (i === before.length) j = after.length;
    else if (j === after.length) i = before.length;
    if (i > start || j > first) found.push({ start: start + offset,
      end: i + offset, lines: after.slice(first, j) });
    while (i < before.length && before[i] === after[j]) {
      i++;
      j++;
    }
  }
  return found;
}
