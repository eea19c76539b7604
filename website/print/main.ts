// npm run book:print: prints the built site as one PDF.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { findChromium } from "../test/site";
import { root } from "../weave/read";
import { chapters } from "./chapters";
import { join } from "./join";
import { understand } from "./options";
import { measure, print } from "./pdf";

/** Tells on a terminal what is being done; the next line replaces it. */
function say(what: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${what}`);
}

/** Prints; gives the exit status. */
async function main(words: readonly string[]): Promise<number> {
  const start = Date.now(), options = understand(words);
  const chromium = findChromium();
  if (typeof options === "string" || chromium === undefined) {
    console.error(typeof options === "string" ? options : "book:print: "
      + "there is no chromium here: apt-get install chromium");
    return 2;
  }
  say("joining the chapters");
  const { html, problems } = join(chapters(options.only));
  if (problems.length > 0) {
    say("");
    console.error(problems.join("\n"));
    return 1;
  }
  const pdf = await print(html, chromium, say);
  writeFileSync(options.file, pdf);
  say("");
  const { pages, outline } = measure(pdf);
  console.log(`${relative(root, options.file)}: ${pages} pages, ${outline} `
    + `lines of outline, ${pdf.length.toLocaleString("en")} bytes, ${
      ((Date.now() - start) / 1000).toFixed(1)} s`);
  return 0;
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
