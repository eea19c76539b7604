// Woven from chapters/832-visit.md.
import { ACTIVITY, HALTED, RUNNING, SHUTDOWN } from "../../machine";
import { TARGET_XML } from "./description";
import { hexNumber, hexToText, MALFORMED, Refusal, textToHex }
  from "./hex";
import { monitor } from "./monitor";
import { PACKET_SIZE } from "./packets";
import type { GdbStub } from "./stub";

/** The answer to a `q` packet; the text is what follows the q. */
export function query(stub: GdbStub, text: string): string {
  const [, name = "", rest = ""] = /^(\w*)[:,]?([^]*)$/.exec(text) ?? [];
  // Not what every object answers to, such as "constructor".
  const known = Object.hasOwn(questions, name);
  return known ? questions[name]!(stub, rest) : "";
}

const FEATURES = `PacketSize=${PACKET_SIZE.toString(16)};` +
  "QStartNoAckMode+;qXfer:features:read+;vContSupported+;" +
  "swbreak+;hwbreak+";

function transfer(text: string): string {
  const found = /^features:read:([^:]*):([^,:]+),([^,:]+)$/.exec(text);
  if (!found) {
    if (!text.startsWith("features:read:")) return "";
    throw new Refusal(MALFORMED);
  }
  if (found[1] !== "target.xml") throw new Refusal(0);
  const from = hexNumber(found[2]), length = hexNumber(found[3]);
  if (from > TARGET_XML.length) throw new Refusal(MALFORMED);
  const most = Math.min(length, PACKET_SIZE / 2);
  const part = TARGET_XML.slice(from, from + most);
  return (from + part.length < TARGET_XML.length ? "m" : "l") + part;
}

function describe(stub: GdbStub, thread: string): string {
  const cpu = stub.cpuOf(thread), activity = cpu.w[ACTIVITY];
  const does = activity === RUNNING ? "running"
    : activity === HALTED ? "halted"
      : activity === SHUTDOWN ? "shut down" : "waiting to be started";
  return `CPU ${cpu.id} ${does}`;
}

const questions:
  Record<string, (stub: GdbStub, rest: string) => string> = {
    Supported(stub, rest) {
      const words = rest.split(";");
      stub.knowsBreakReasons =
        words.includes("swbreak+") && words.includes("hwbreak+");
      return FEATURES;
    },
    Xfer: (_stub, rest) => transfer(rest),
    Attached: () => "1",
    C: (stub) => `QC${(stub.chosen.id + 1).toString(16)}`,
    fThreadInfo: (stub) => "m" + stub.machine.cpus
      .map((cpu) => (cpu.id + 1).toString(16)).join(","),
    sThreadInfo: () => "l",
    ThreadExtraInfo: (stub, rest) => textToHex(describe(stub, rest)),
    Rcmd: (stub, rest) => textToHex(monitor(stub, hexToText(rest))) || "OK",
  };
