// Every code block: the theme's own, with what the loom knows around it.
import Original from "@theme-original/CodeBlock";
import type { Props } from "@theme/CodeBlock";
import Fence from "@site/src/fence/Fence";
import type { Caption } from "@site/weave/captions";

type FenceProps = Props & {
  readonly "data-caption"?: string;
  readonly "data-info"?: string;
};

export default function CodeBlock(props: FenceProps) {
  const { "data-caption": json, "data-info": info = "", ...rest } = props;
  const block = <Original {...rest} />;
  if (json === undefined) return block;
  const caption: Caption = JSON.parse(json);
  const code = String(props.children);
  // A chunk's name may have any word in it.
  const hidden = /\bhidden\b/.test(info.replace(/"[^"]*"/g, ""));
  return (
    <Fence caption={caption} code={code} hidden={hidden}>
      {block}
    </Fence>
  );
}
