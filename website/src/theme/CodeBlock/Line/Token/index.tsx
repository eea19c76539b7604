// A token of code. A comment that calls for a chunk leads to the chunk.
import { useContext } from "react";
import Link from "@docusaurus/Link";
import Original from "@theme-original/CodeBlock/Line/Token";
import type { Props } from "@theme/CodeBlock/Line/Token";
import { References } from "@site/src/fence/references";

export default function Token(props: Props) {
  const references = useContext(References);
  const name = /^(?:\/\/|#)\s*<<(.+)>>\s*$/.exec(props.token.content)?.[1];
  const href = name === undefined ? undefined : references[name];
  return href ? <Link to={href}><Original {...props} /></Link>
    : <Original {...props} />;
}
