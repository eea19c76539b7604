// Where the CPUs are, and the line of the book that is about to be
// executed: it is marked, if it is on this page.
import { useEffect, useState } from "react";
import Link from "@docusaurus/Link";
import { useLocation } from "@docusaurus/router";
import { lineElement, mark } from "@site/src/lines";
import type { Place } from "./protocol";
import styles from "./machine.module.css";

export default function PlaceLine({ places }: { places: readonly Place[] }) {
  const { pathname } = useLocation();
  const isHere = ({ slug }: NonNullable<Place["line"]>) =>
    pathname.endsWith(`/${slug}`);
  const key = places.flatMap(({ line }) =>
    line && isHere(line) ? [line.line] : []).join();
  const [texts, setTexts] = useState<ReadonlyMap<number, string>>(new Map());
  useEffect(() => {
    const lines = key === "" ? [] : key.split(",").map(Number);
    mark(lines);
    setTexts(new Map(lines.map((line) =>
      [line, lineElement(line)?.textContent?.trim() ?? ""])));
  }, [key]);
  return (
    <p className={styles.places}>
      {places.map(({ cpu, where, eip, stub, line }) => (
        <span key={cpu}>
          CPU {cpu}: {where}, <code>{eip.toString(16).padStart(8, "0")}</code>
          {stub && <> in the <Link to="/book/switcher#and-back-again">
            {stub}</Link></>}
          {line && <> in <Link to={`/book/${line.slug}?line=${line.line}`}>
            {line.slug}, line {line.line}</Link></>}
          {line && isHere(line) && <>: <code>{texts.get(line.line)}</code></>}
        </span>))}
    </p>
  );
}
