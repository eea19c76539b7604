// Headings of the short way: where one comes in, and where one goes on.
import type { ComponentProps, ComponentType } from "react";
import Link from "@docusaurus/Link";
import { useLocation } from "@docusaurus/router";
import { evening, stopsAt } from "@site/src/evening";
import styles from "./evening.module.css";

/** Where one goes on. */
function Next({ stop }: { stop: number }) {
  const next = evening[stop + 1];
  return next === undefined ? <>and that was it</> : (
    <>then on to {stop + 2}, <Link to={`/book/${next.to}`}>
      {next.name}</Link> →</>);
}

/** A chapter's heading, with the way before and behind it. */
export function onTheWay<P extends ComponentProps<"h2">>(
  Heading: ComponentType<P>, first = false,
) {
  return function OnTheWay(props: P) {
    const slug = /\/book\/([^/]+)\/?$/.exec(useLocation().pathname)?.[1];
    const { begins, ends } = stopsAt(slug ?? "", first ? undefined : props.id);
    return (
      <>
        {ends >= 0 && <p className={styles.evening} data-evening="ends">
          One evening: you have read {ends + 1} of {evening.length};
          {" "}<Next stop={ends} />
        </p>}
        <Heading {...props} />
        {begins >= 0 && <p className={styles.evening} data-evening="begins">
          One evening, {begins + 1} of {evening.length}: read
          {" "}{evening[begins]!.read}, <Next stop={begins} />
        </p>}
      </>
    );
  };
}
