// A page as a PDF, by a browser.
import { launch } from "../test/site";
import { colourWords } from "./code";

/** Prints a document; `executable` is a Chromium. */
export async function print(
  html: string, executable: string,
): Promise<Buffer> {
  const browser = await launch(executable);
  try {
    const page = await browser.newPage({ colorScheme: "light" });
    await page.setContent(html, { timeout: 0 });
    await page.evaluate(colourWords);
    return await page.pdf({ preferCSSPageSize: true, printBackground: true,
      outline: true, tagged: true });
  } finally {
    await browser.close();
  }
}

/** How many pages a PDF has, and how many lines its outline. */
export function measure(pdf: Buffer): { pages: number; outline: number } {
  const text = pdf.toString("latin1");
  const count = (what: RegExp): number => text.match(what)?.length ?? 0;
  return { pages: count(/\/Type\s*\/Page\b/g),
    outline: count(/\/Title\s*[(<]/g) };
}
