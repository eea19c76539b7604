// Markdown's elements. An empty head of a column is no head: to those who
// hear the page it would be a title without words.
import type { ComponentProps } from "react";
import Original from "@theme-original/MDXComponents";

function Th({ children, ...rest }: ComponentProps<"th">) {
  return children ? <th {...rest}>{children}</th> : <td {...rest} />;
}

export default { ...Original, th: Th };
