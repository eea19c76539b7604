// Colours of code: few, and quiet. Comments are text, too.
import type { PrismTheme } from "prism-react-renderer";

function theme(
  plain: string, paper: string, comment: string,
  keyword: string, literal: string, name: string,
): PrismTheme {
  return {
    plain: { color: plain, backgroundColor: paper },
    styles: [
      { types: ["comment"], style: { color: comment, fontStyle: "italic" } },
      { types: ["keyword", "directive"], style: { color: keyword } },
      { types: ["string", "number", "boolean", "regex",
        "template-string"], style: { color: literal } },
      { types: ["function", "label", "class-name", "register"],
        style: { color: name } },
    ],
  };
}

export const light = theme(
  "#2b2a27", "#f6f3ec", "#6b6557", "#8a3b12", "#2f6136", "#2b4f7c");
export const dark = theme(
  "#ddd8cc", "#1c1e22", "#9a9484", "#e0a071", "#97c292", "#9ebce0");
