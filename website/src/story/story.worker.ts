// The story's machine in a worker. It does what it is asked, and rests.
import type { Request } from "./protocol";
import { begin } from "./story";
import type { Story } from "./story";

let story: Story | undefined;

onmessage = ({ data }: MessageEvent<Request>) => {
  if (data.kind === "begin") story = begin(data.switches, data.presses);
  else story?.press(data.press);
  postMessage(story?.scene());
};
