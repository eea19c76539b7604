// Woven from chapters/780-assembler.md.
/** A piece of text up to a semicolon or a line's end, with its place. */
export interface Statement {
  readonly text: string;
  readonly file: string;
  readonly line: number;
  /** The column of its first character. */
  readonly column: number;
}

/** The index after the string or character that starts at `start`. */
function endOfQuoted(line: string, start: number): number {
  if (line[start] === "'") {
    const end = start + (line[start + 1] === "\\" ? 3 : 2);
    return line[end] === "'" ? end + 1 : end;
  }
  let end = start + 1;
  while (end < line.length && line[end] !== '"')
    end += line[end] === "\\" ? 2 : 1;
  return end + 1;
}

interface Cut {
  /** Pairs of text and the index where it began. */
  parts: [string, number][];
  /** A comment goes on in the next line. */
  inComment: boolean;
}

function cutLine(line: string, inComment: boolean): Cut {
  if (!inComment && !/[#;"'/]/.test(line))
    return { parts: [[line, 0]], inComment };
  const cut: Cut = { parts: [], inComment };
  let text = "", start = 0;
  for (let i = 0, next = 0; i < line.length; i = next) {
    const sign = line[i]!;
    next = i + 1;
    if (cut.inComment || line.startsWith("/*", i)) {
      const end = line.indexOf("*/", cut.inComment ? i : i + 2);
      cut.inComment = end < 0;
      next = end < 0 ? line.length : end + 2;
      text += " ".repeat(next - i);
    } else if (sign === "#" || (sign === "/" && !text.trim())) {
      break;
    } else if (sign === ";") {
      cut.parts.push([text, start]);
      text = "";
      start = next;
    } else {
      if (sign === '"' || sign === "'") next = endOfQuoted(line, i);
      text += line.slice(i, next);
    }
  }
  cut.parts.push([text, start]);
  return cut;
}

const marker =
  /^\s*#\s*(?:line\s+)?(\d+)\s+"([^"]*)"(?:\s*# columns (-?\d+))?/;

/** Splits assembly text into statements; `name` is the file's name until
 * a line marker gives another. */
export function splitStatements(text: string, name: string): Statement[] {
  const statements: Statement[] = [];
  let file = name, line = 0, shift = 1, inComment = false;
  for (const source of text.split("\n")) {
    line++;
    const marked = inComment ? null : marker.exec(source);
    if (marked) {
      line = Number(marked[1]) - 1;
      file = marked[2]!;
      shift = 1 + Number(marked[3] ?? 0);
      continue;
    }
    const cut = cutLine(source, inComment);
    inComment = cut.inComment;
    for (const [part, start] of cut.parts)
      if (part.trim() !== "")
        statements.push({ text: part, file, line, column: start + shift });
  }
  return statements;
}

/** A text without its line markers. */
export function withoutMarkers(text: string): string {
  return text.split("\n").filter((line) => !marker.test(line)).join("\n");
}
