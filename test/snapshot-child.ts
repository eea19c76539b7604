// A fresh process that goes on with a snapshot and says what happened.
// snapshot-child.ts FILE [--interpreter plain]
import { readFileSync } from "node:fs";
import { loadSession, run } from "../src/launcher";
import "./back-end";
import { checksum, digestTrace } from "./trace-digest";

const said: Uint8Array[] = [];
const session = loadSession(new Uint8Array(readFileSync(process.argv[2]!)),
  (bytes) => void said.push(bytes.slice()));
const trace = digestTrace(session.machine, [0]);
const end = run(session, 100_000_000, trace.begin);
trace.stop();
console.log(JSON.stringify({
  trace: trace.rest(0),
  said: Buffer.concat(said).toString("latin1"),
  block: checksum(session.machine.snapshot()),
  end: [end.status, ...end.sentences],
}));
