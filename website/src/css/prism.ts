// Colours of code: few, and quiet. Here stands only that there are none: which
// word has which colour says the style sheet, by the classes of the tokens. A
// style in each word would make the pages twice as long.
import type { PrismTheme } from "prism-react-renderer";

export const prism: PrismTheme = {
  plain: { color: "var(--book-code-plain)",
    backgroundColor: "var(--book-code-paper)" },
  styles: [],
};
