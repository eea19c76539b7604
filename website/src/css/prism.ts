// Colours of code: few, and quiet. Comments are text, too. Which colours they
// are says the style sheet, for a page is painted before anything runs.
import type { PrismTheme } from "prism-react-renderer";

const colour = (name: string) => ({ color: `var(--book-code-${name})` });

export const prism: PrismTheme = {
  plain: { ...colour("plain"), backgroundColor: "var(--book-code-paper)" },
  styles: [
    { types: ["comment"], style: { ...colour("comment"),
      fontStyle: "italic" } },
    { types: ["keyword", "directive"], style: colour("keyword") },
    { types: ["string", "number", "boolean", "regex", "template-string"],
      style: colour("literal") },
    { types: ["function", "label", "class-name", "register"],
      style: colour("name") },
  ],
};
