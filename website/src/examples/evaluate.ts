// A module that was compiled from what a reader has edited, and what it
// may import.
import * as program from "../../../src";
import * as marks from "./loom";

type Sections = (() => Promise<void>)[];

/** The loom brings the compiler: it is loaded for those who name it. */
const loads: Record<string, () => unknown> = {
  "../../src/examples/loom": () => marks,
  "../../../src": () => program,
  "../../../src/loom": () => import("../../../src/loom"),
};

/** The module's sections. */
export async function evaluate(code: string): Promise<Sections> {
  const modules: Record<string, unknown> = {};
  for (const [name, load] of Object.entries(loads))
    if (code.includes(JSON.stringify(name))) modules[name] = await load();
  const exports: { default?: Sections } = {};
  new Function("require", "exports", code)(
    (name: string) => modules[name], exports);
  return exports.default ?? [];
}
