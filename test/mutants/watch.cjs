// Loaded first by every process of a judge that is watched: when it ends, it
// writes down which functions were called. By function, which costs little;
// what V8 does by itself (NODE_V8_COVERAGE) is by block.
const { writeFileSync } = require("node:fs");
const { Session } = require("node:inspector");
const { join } = require("node:path");

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage",
  { callCount: false, detailed: false });
process.on("SIGTERM", () => process.exit());
process.on("exit", () => {
  session.post("Profiler.takePreciseCoverage", (error, found) => {
    if (error) return;
    const file = join(process.env.LGUEST_REACHED, `${process.pid}.json`);
    writeFileSync(file, JSON.stringify(found));
  });
});
