// The built site on a port of its own, and a browser to look at it.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import type {
  Browser, BrowserContextOptions, Page, Request,
} from "playwright-core";

export const website = join(__dirname, "..");
const build = join(website, "build");

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript",
  ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json",
};

function fileFor(path: string): string | undefined {
  return [path, `${path}.html`, join(path, "index.html")]
    .map((one) => join(build, one))
    .find((one) => fs.statSync(one, { throwIfNoEntry: false })?.isFile());
}

/** The folder in which the built site is to live: BOOK_BASE of its build. */
export const base = /<script[^>]* src="?(\/\S*?)assets\//.exec(
  fs.readFileSync(join(build, "index.html"), "utf8"))?.[1] ?? "/";

/** An address below the base as one from "/" on, and where to go instead if
 * it ends in a slash. As with Docusaurus' own server, no page does. */
function asked(url = "/"): { path: string; rather?: string } {
  const { pathname, search } = new URL(url, "http://x");
  const path = `/${pathname.slice(base.length)}`;
  return pathname === base || !pathname.endsWith("/") ? { path }
    : { path, rather: pathname.slice(0, -1) + search };
}

/** Answers from the built site, as a static host does. */
const answer: RequestListener = (request, response) => {
  const { path, rather } = asked(request.url);
  if (rather !== undefined)
    return void response.writeHead(301, { location: rather }).end();
  const found = fileFor(decodeURI(path)), file = found ?? missing;
  response.writeHead(found ? 200 : 404, { "content-encoding": "gzip",
    "content-type": types[extname(file)] ?? "application/octet-stream" });
  const packed = cache.get(file) ?? gzipSync(fs.readFileSync(file));
  cache.set(file, packed);
  response.end(packed);
};

const cache = new Map<string, Buffer>();
const missing = join(build, "404.html");

/** Serves the built site below its base; gives the address of its front
 * page, without a slash. */
export async function serve(listener = answer): Promise<string> {
  const server = createServer((request, response) =>
    request.url?.startsWith(base) ? listener(request, response)
      : response.writeHead(404).end()).listen(0, "127.0.0.1");
  server.unref();
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}${base}`.slice(0, -1);
}

/** Answers as `npm run book` does: with what Docusaurus serves with, and
 * what it tells it. */
export const answerAsBook: RequestListener = (request, response) => {
  const { path, rather } = asked(request.url);
  if (base !== "/" && rather !== undefined)
    return void response.writeHead(302, { location: rather }).end();
  request.url = path;
  const core = createRequire(
    require.resolve("@docusaurus/core/package.json"));
  void core("serve-handler")(request, response, { cleanUrls: true,
    public: build, trailingSlash: false, directoryListing: false });
};

/** Debian's Chromium, or undefined if it isn't there. */
export function findChromium(): string | undefined {
  const wanted = process.env["CHROMIUM"] ?? "chromium";
  try {
    return execFileSync("sh", ["-c", `command -v ${wanted}`]).toString()
      .trim();
  } catch {
    return undefined;
  }
}

/** Milliseconds that a page may take for anything. The slowest thing that a
 * test waits for takes three seconds where nothing else runs. */
const PATIENCE = 300_000;

const flags = ["--headless", "--no-sandbox", "--disable-gpu",
  "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** Starts a browser. */
export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: flags, timeout: PATIENCE });

/** A browser that looks at our site, and remembers what it asked for. */
export class Site {
  private readonly kept: Page[] = [];

  private constructor(
    readonly address: string,
    private readonly browser: Browser,
  ) {}

  static async open(executablePath: string): Promise<Site> {
    return new Site(await serve(), await launch(executablePath));
  }

  /** A page in a fresh profile, where nothing is cached. Requests that
   * leave the site, and errors in the page, make the test fail. */
  async visit(
    path: string,
    look: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> {
    const context = await this.browser.newContext(
      { viewport: { width: 1280, height: 900 }, ...options });
    try {
      await this.look(await context.newPage(), path, look);
    } finally {
      await context.close();
    }
  }

  /** The same page again and again, or as many as are looked at at a time: it
   * has all that the pages share, which a fresh one fetches and compiles
   * anew. What it keeps of its reader, it forgets. */
  async visitAgain(
    path: string,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const page = this.kept.pop() ?? await this.browser.newPage();
    await this.look(page, path, look);
    await page.evaluate(() => sessionStorage.clear());
    this.kept.push(page);
  }

  private async look(
    page: Page,
    path: string,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const wrong: string[] = [];
    const asked = (request: Request) => {
      const url = request.url();
      if (!url.startsWith(this.address) && !/^(data|blob):/.test(url))
        wrong.push(`a request leaves the site: ${url}`);
    };
    const failed = (error: Error) => void wrong.push(String(error));
    page.setDefaultTimeout(PATIENCE);
    page.on("request", asked).on("pageerror", failed);
    try {
      const response = await page.goto(this.address + path);
      if (!response?.ok()) wrong.push(`${path}: ${response?.status()}`);
      await look(page);
    } finally {
      page.off("request", asked).off("pageerror", failed);
    }
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
