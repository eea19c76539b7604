// Markdown's elements. An empty head of a column is no head: to those who
// hear the page it would be a title without words. A table that is wider than
// the page can be moved with the keyboard. Headings know the short way through
// the book.
import { type ComponentProps, useEffect, useRef, useState } from "react";
import Original from "@theme-original/MDXComponents";
import { onTheWay } from "@site/src/components/Evening";

function Th({ children, ...rest }: ComponentProps<"th">) {
  return children ? <th {...rest}>{children}</th> : <td {...rest} />;
}

function Table(props: ComponentProps<"table">) {
  const table = useRef<HTMLTableElement>(null);
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const { scrollWidth = 0, clientWidth = 0 } = table.current ?? {};
    setWide(scrollWidth > clientWidth);
  }, []);
  return <table ref={table} {...(wide && { tabIndex: 0 })} {...props} />;
}

export default { ...Original, th: Th, table: Table,
  h1: onTheWay(Original.h1, true), h2: onTheWay(Original.h2) };
