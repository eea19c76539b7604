// What the bundler has to be told: the examples were written for Node's
// assertions and formats, and in the page they get small ones of ours.
import { join } from "node:path";
import type { ConfigureWebpackUtils } from "@docusaurus/types";
import type { Configuration, WebpackPluginInstance } from "webpack";

/** What the compiler asks for only where there is a Node. */
const absent: readonly string[] = ["fs", "path", "os", "crypto",
  "inspector", "perf_hooks", "module"];

type Bundler = ConfigureWebpackUtils["currentBundler"]["instance"];

/** Minimizers that leave classes their names: `// throws Fault` is a
 * claim about one. */
function minimizers({ optimization }: Configuration, bundler: Bundler) {
  const others = (optimization?.minimizer ?? []).filter(
    (one) => !/Js|Terser/.test(Object(one).constructor.name));
  if (!("SwcJsMinimizerRspackPlugin" in bundler))
    throw new Error("this site is built with Rspack");
  const Minimizer = bundler.SwcJsMinimizerRspackPlugin as
    new (options: object) => WebpackPluginInstance;
  const keep = { keep_classnames: true };
  return [...others, new Minimizer({ minimizerOptions: {
    ecma: 2020, compress: keep, mangle: keep,
    format: { comments: false } } })];
}

/** The program, which all chapters' examples import: once, and not in the
 * script of each of them. A worker that begins with some of it has that in
 * its own script. */
const program = {
  test: join(__dirname, "../src/"), name: "program", minChunks: 20,
  priority: 50, chunks: (chunk: { hasRuntime(): boolean }) =>
    !chunk.hasRuntime(),
};

/** A Docusaurus plugin that changes nothing but the bundler's settings. */
export function bundle() {
  const node = join(__dirname, "src/examples/node.ts");
  const root = join(__dirname, "..");
  return {
    name: "bundle",
    configureWebpack: (
      config: Configuration,
      _isServer: boolean,
      { currentBundler: { instance } }: ConfigureWebpackUtils,
    ) => ({
      mergeStrategy: { "optimization.minimizer": "replace" as const },
      optimization: { minimizer: minimizers(config, instance),
        splitChunks: { cacheGroups: { program } } },
      plugins: [new instance.NormalModuleReplacementPlugin(
        /^node:(util|crypto|path)$/, node)],
      node: { __filename: "mock" as const, __dirname: "mock" as const },
      resolve: {
        alias: {
          "decode-named-character-reference": join(root,
            "node_modules/decode-named-character-reference/index.js"),
          typescript$: join(root, "node_modules/typescript"),
          "uvu/assert": join(root, "node_modules/uvu/assert/index.mjs"),
          uvu$: join(root, "node_modules/uvu/dist/index.mjs"),
        },
        fallback: Object.fromEntries(absent.map((name) => [name, false as const])),
      },
      // Red examples import what their readers have not written yet.
      ignoreWarnings: [/require function is used in a way/,
        /the request of a dependency is an expression/,
        /was not found in '..\/..\/..\/src(\/loom)?'/],
    }),
  };
}
