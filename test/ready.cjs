// What every command loads first, so that it can read TypeScript. Where
// the packages are missing, one line says so in place of a stack.
try {
  require.resolve("ts-node/register");
} catch {
  console.error("the packages of this project are missing: "
    + `run "npm ci" first, in ${require("node:path").dirname(__dirname)}`);
  process.exit(2);
}
require("ts-node/register");
