// The site: the chapters as they are, a page for each file of src/, and
// the API. All but the chapters lies in .woven/ already.
import type { Config } from "@docusaurus/types";
import { captions } from "./remark/captions";
import { matter, numbers } from "./remark/numbers";
import { glossary } from "./remark/terms";
import { bundle } from "./bundle";
import { prism } from "./src/css/prism";

const { BOOK_URL, BOOK_BASE, BOOK_EDIT_URL, BOOK_DRAFT } = process.env;

/** What a broken link does: while a chapter is written it only warns. */
const broken = BOOK_DRAFT ? "warn" : "throw";

/** Where the text of a page can be changed. Without a public home of the
 * chapters, the link leads to a page that tells how it is done here. */
function editUrl({ docPath }: { docPath: string }): string {
  return BOOK_EDIT_URL ? `${BOOK_EDIT_URL}/chapters/${docPath}`
    : `${BOOK_BASE ?? "/"}edit?chapter=${docPath}`;
}

const faster = {
  swcJsLoader: true, swcJsMinimizer: true, swcHtmlMinimizer: true,
  lightningCssMinimizer: true, mdxCrossCompilerCache: true,
  rspackBundler: true, ssgWorkerThreads: true,
};

const plain = { breadcrumbs: false, showLastUpdateTime: false };

const config: Config = {
  title: "lguest in TypeScript",
  tagline: "The little x86 hypervisor, told as a book that is the program",
  url: BOOK_URL ?? "http://localhost:3000",
  baseUrl: BOOK_BASE ?? "/",
  favicon: "icon.svg",
  trailingSlash: false,
  onBrokenLinks: broken,
  onBrokenAnchors: broken,
  onDuplicateRoutes: "throw",
  // The bundler's cache doesn't know of .woven/captions/.
  future: { v4: true, faster: { ...faster, rspackPersistentCache: false },
    // When a page was changed is nobody's question.
    experimental_vcs: false },
  markdown: {
    format: "detect",
    parseFrontMatter: matter,
    hooks: { onBrokenMarkdownLinks: broken,
      onBrokenMarkdownImages: broken },
  },
  staticDirectories: ["static", ".woven/static"],
  clientModules: ["./src/here.ts"],
  themes: [
    ["@docusaurus/theme-classic",
      { customCss: "./src/css/custom.css" }],
  ],
  plugins: [
    ["@docusaurus/plugin-content-docs", {
      ...plain, path: "../chapters", routeBasePath: "book", editUrl,
      include: ["[0-9][0-9][0-9]-*.md"], sidebarPath: "./sidebars.ts",
      beforeDefaultRemarkPlugins: [[captions, { part: "chapters" }],
        numbers, glossary],
    }],
    ["@docusaurus/plugin-content-docs", {
      ...plain, id: "source", path: ".woven/source",
      routeBasePath: "source", sidebarPath: "./sidebars.source.ts",
      numberPrefixParser: false,
      beforeDefaultRemarkPlugins: [[captions, { part: "source" }]],
    }],
    ["@docusaurus/plugin-content-docs", {
      ...plain, id: "api", path: ".woven/api", routeBasePath: "api",
      sidebarPath: "./sidebars.api.ts", numberPrefixParser: false,
    }],
    "@docusaurus/plugin-content-pages",
    bundle,
  ],
  themeConfig: {
    colorMode: { respectPrefersColorScheme: true },
    docs: { sidebar: { hideable: true } },
    tableOfContents: { minHeadingLevel: 2, maxHeadingLevel: 3 },
    prism: { theme: prism },
    navbar: {
      title: "lguest",
      logo: { src: "icon.svg", alt: "" },
      items: [
        { to: "/book/invitation", label: "The book",
          activeBasePath: "book" },
        { to: "/source", label: "src/", activeBasePath: "source" },
        { to: "/api", label: "API", activeBasePath: "api" },
        { type: "search", position: "right" },
      ],
    },
    footer: { copyright: "Every line of the program is told somewhere "
      + "in this book. MIT licence." },
  },
};

export default config;
