// The search field. When its index has arrived it takes the focus, for those
// who are typing already; it mustn't take it from those who have gone on.
import { useEffect, useRef } from "react";
import Original from "@theme-original/SearchBar";

export default function SearchBar() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const field = place.current?.querySelector("input");
    if (!field) return;
    const focus = field.focus.bind(field);
    field.focus = (options) => {
      const { activeElement, body } = document;
      const free = activeElement === null || activeElement === body;
      // What a key or a click asks for comes within its event.
      if (free || window.event instanceof UIEvent) focus(options);
    };
  }, []);
  return <div ref={place} style={{ display: "contents" }}><Original /></div>;
}
