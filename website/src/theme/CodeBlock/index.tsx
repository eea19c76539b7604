// Every code block: the theme's own, with what the loom knows around it.
import Original from "@theme-original/CodeBlock";
import type { Props } from "@theme/CodeBlock";
import Fence from "@site/src/fence/Fence";
import type { Caption } from "@site/weave/captions";

type FenceProps = Props & {
  readonly "data-caption"?: string;
};

export default function CodeBlock(props: FenceProps) {
  const { "data-caption": json, ...rest } = props;
  const block = <Original {...rest} />;
  if (json === undefined) return block;
  const caption: Caption = JSON.parse(json);
  const code = String(props.children);
  return <Fence caption={caption} code={code}>{block}</Fence>;
}
