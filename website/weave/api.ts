// The API's pages, from the docstrings: one for each file that a layer's
// barrel hands on. TypeDoc is handed the program, so that nothing is read
// twice.
import { join } from "node:path";
import { Application } from "typedoc";
import type { TypeDocOptions } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import type * as ts from "typescript";
import { filesOf, layers } from "../layers";
import { made, root } from "./read";

const options: TypeDocOptions & PluginOptions = {
  plugin: ["typedoc-plugin-markdown"],
  out: join(made, "api"),
  name: "The API",
  readme: "none",
  entryFileName: "index",
  outputFileStrategy: "modules",
  pageTitleTemplates: { module: "src/{name}.ts" },
  disableSources: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: "table",
  propertyMembersFormat: "table",
  interfacePropertiesFormat: "table",
  logLevel: "Error",
};

/** Writes the pages of the API below .woven/api/. */
export async function writeApi(program: ts.Program): Promise<void> {
  const app = await Application.bootstrapWithPlugins(options);
  await app.generateOutputs(app.converter.convert(
    layers.flatMap(filesOf).map((name) => ({ displayName: name, program,
      sourceFile: program.getSourceFile(join(root, `src/${name}.ts`))! }))));
}
