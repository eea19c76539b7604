// A token of code. A comment that calls for a chunk leads to the chunk, and
// a name to where it is declared.
import { useContext } from "react";
import Link from "@docusaurus/Link";
import Original from "@theme-original/CodeBlock/Line/Token";
import type { Props } from "@theme/CodeBlock/Line/Token";
import { References } from "@site/src/fence/references";
import Names from "@site/src/names/Names";

export default function Token(props: Props) {
  const { line, token } = props, references = useContext(References);
  const name = /^(?:\/\/|#)\s*<<(.+)>>\s*$/.exec(token.content)?.[1];
  const href = name === undefined ? undefined : references[name];
  if (href) return <Link to={href}><Original {...props} /></Link>;
  return (
    <Original {...props}>
      <Names line={line} token={token}>{props.children}</Names>
    </Original>
  );
}
