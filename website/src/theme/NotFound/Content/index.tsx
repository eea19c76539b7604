// The page that isn't there: what was meant, perhaps.
import { useEffect, useState } from "react";
import Link from "@docusaurus/Link";
import { useLocation } from "@docusaurus/router";
import useBaseUrl from "@docusaurus/useBaseUrl";
import { nearby, placesOf } from "@site/src/lost/nearby";
import type { Place } from "@site/src/lost/nearby";

export default function Content({ className }: { className?: string }) {
  const { pathname } = useLocation(), base = useBaseUrl("/");
  const [found, setFound] = useState<readonly Place[]>([]);
  useEffect(() => {
    let here = true;
    void import("@site/.woven/sidebars.json").then(({ default: bars }) => {
      const places = [...placesOf(bars.book, "/book"),
        // Many files have the same name.
        ...placesOf(bars.source, "/source").map(({ to, label }) => ({ to,
          label: to.replace(/^.source/, "src").replace(/[^/]*$/, label) }))];
      const path = pathname.startsWith(base)
        ? pathname.slice(base.length) : pathname;
      if (here) setFound(nearby(path, places));
    });
    return () => { here = false; };
  }, [pathname, base]);
  return (
    <main className={`container margin-vert--xl ${className ?? ""}`}>
      <h1>There is no such page</h1>
      <p>
        Chapters and files are renamed now and then; their address tells
        what they are about.
      </p>
      {found.length > 0 && <>
        <p>Perhaps it was one of these:</p>
        <ul>
          {found.map(({ to, label }) =>
            <li key={to}><Link to={to}>{label}</Link></li>)}
        </ul>
      </>}
      <p>
        Otherwise: <Link to="/#contents">all chapters</Link>, <Link
          to="/source">all files</Link>, or the field above, which
        searches in both.
      </p>
    </main>
  );
}
