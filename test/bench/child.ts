// A process with one emulator: child.ts NAME IMAGE. It is sent work, and
// sends laps, or why there are none.
import { readFileSync } from "node:fs";
import { emulators } from "./emulators";
import type { Work } from "./laps";

const [name = "", path = ""] = process.argv.slice(2);
const emulator = emulators[name]!, image = readFileSync(path);

process.on("message", (works: Work[]) => {
  emulator(image, works).then(
    (laps) => process.send?.({ laps }),
    (error: Error) => process.send?.({ problem: error.message }));
});
