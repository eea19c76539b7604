// Woven from chapters/832-visit.md.
import {
  bytesToHex, hexNumber, hexToBytes, MALFORMED, Refusal,
} from "./hex";
import { readMemory, writeMemory } from "./memory";
import { PACKET_SIZE } from "./packets";
import { query } from "./query";
import {
  DEBUG_REGISTERS, showAll, showRegister, writeAll, writeRegisters,
} from "./registers";
import type { DebugRegister } from "./registers";
import type { GdbStub } from "./stub";

type Answer = string | undefined;

/** The answer to a packet; undefined if it comes later. */
export function answer(stub: GdbStub, payload: string): Answer {
  if (payload.length > PACKET_SIZE) throw new Refusal(MALFORMED);
  const command = commands[payload[0] ?? ""];
  return command ? command(stub, payload.slice(1), payload) : "";
}

function registerOf(text: string): DebugRegister {
  const register = DEBUG_REGISTERS[hexNumber(text)];
  if (!register) throw new Refusal(MALFORMED);
  return register;
}

function writeOne(stub: GdbStub, text: string): Answer {
  const [number = "", digits = "", more] = text.split("=");
  const register = registerOf(number);
  const right = digits.length === register.bits / 4;
  if (!right || more !== undefined) throw new Refusal(MALFORMED);
  writeRegisters(stub.chosen, [[register, digits.toLowerCase()]]);
  return "OK";
}

function writeEach(stub: GdbStub, text: string): Answer {
  writeAll(stub.chosen, text.toLowerCase());
  return "OK";
}

function span(text: string): { address: number; length: number } {
  const [address, length, more] = text.split(",");
  if (more !== undefined) throw new Refusal(MALFORMED);
  return { address: hexNumber(address), length: hexNumber(length) };
}

function read(stub: GdbStub, text: string): Answer {
  const { address, length } = span(text);
  const most = Math.min(length, PACKET_SIZE / 2);
  return bytesToHex(
    readMemory(stub.chosen, address, most, stub.physical));
}

function write(
  stub: GdbStub, text: string, decode: (text: string) => Uint8Array,
): Answer {
  const colon = text.indexOf(":");
  const { address, length } = span(text.slice(0, Math.max(0, colon)));
  const bytes = decode(text.slice(colon + 1));
  if (colon < 0 || bytes.length !== length) throw new Refusal(MALFORMED);
  writeMemory(stub.chosen, address, bytes, stub.physical);
  return "OK";
}

const binary = (text: string) =>
  Uint8Array.from(text, (c) => c.charCodeAt(0));

function choose(stub: GdbStub, text: string): Answer {
  const thread = /^[gc](.+)$/.exec(text)?.[1];
  if (thread === undefined) throw new Refusal(MALFORMED);
  if (thread !== "-1" && !/^0+$/.test(thread)) {
    stub.chosen = stub.cpuOf(thread);
  }
  return "OK";
}

function isAlive(stub: GdbStub, text: string): Answer {
  stub.cpuOf(text);
  return "OK";
}

function many(stub: GdbStub, text: string): Answer {
  if (text === "Cont?") return "vCont;c;C;s;S";
  if (!text.startsWith("Cont;")) return "";
  stub.resumeEach(text.slice(5));
  return undefined;
}

function point(
  stub: GdbStub, text: string, does: "insert" | "remove",
): Answer {
  const [kind = "", address, length, more] = text.split(",");
  if (!/^[0-9]$/.test(kind)) throw new Refusal(MALFORMED);
  if (Number(kind) > 4) return "";
  const from = hexNumber(address), size = hexNumber(length);
  if (more !== undefined) throw new Refusal(MALFORMED);
  if (from + size > 2 ** 32) throw new Refusal(MALFORMED);
  stub.points[does](Number(kind), from, size);
  stub.update();
  return "OK";
}

type Command = (stub: GdbStub, text: string, payload: string) => Answer;

const resume: Command = (stub, _text, payload) => {
  stub.resume(payload);
  return undefined;
};

const commands: Record<string, Command> = {
  "?": (stub) => stub.whyStopped(),
  g: (stub) => showAll(stub.chosen),
  G: writeEach,
  p: (stub, text) => showRegister(stub.chosen, registerOf(text)),
  P: writeOne,
  m: read,
  M: (stub, text) => write(stub, text, hexToBytes),
  X: (stub, text) => write(stub, text, binary),
  c: resume, s: resume, C: resume, S: resume,
  v: many,
  H: choose,
  T: isAlive,
  Z: (stub, text) => point(stub, text, "insert"),
  z: (stub, text) => point(stub, text, "remove"),
  q: (stub, text) => query(stub, text),
  Q(stub, text) {
    if (text !== "StartNoAckMode") return "";
    stub.stopAcknowledging();
    return "OK";
  },
  D(stub) {
    stub.detach();
    return undefined;
  },
  k(stub) {
    stub.killed = true;
    return undefined;
  },
};
