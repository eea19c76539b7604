#!/usr/bin/env node
// Woven from chapters/809-begin.md.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { oneLine, UserError } from "../launcher";
import { preferInterpreter } from "../machine";
import { exploreCommand } from "./explore";
import { HELP } from "./help";
import { BrokenPipe } from "./io";
import type { Io } from "./io";
import { machineCommand } from "./machine";
import { nodeIo } from "./node-io";
import { understand } from "./options";
import { runCommand } from "./run";
import { symbolsCommand } from "./symbols";

/** The command: the words behind `lguest` in, an exit status out; a
 * promise of it if somebody else decides when it ends. */
export function main(
  words: readonly string[], io: Io,
): number | Promise<number> {
  const caught = (error: unknown): number => {
    if (error instanceof BrokenPipe) return 0;
    if (!(error instanceof UserError)) throw error;
    try {
      io.complain(`lguest: ${oneLine(error.message)}\n`);
    } catch {
      // Nobody can be told.
    }
    return 2;
  };
  try {
    const status = start(words, io);
    return typeof status === "number" ? status : status.catch(caught);
  } catch (error) {
    return caught(error);
  }
}

function start(
  words: readonly string[], io: Io,
): number | Promise<number> {
  const call = understand(words);
  if (call === "help") return say(HELP, io);
  if (call === "version") return say(`lguest ${version()}\n`, io);
  if (call.command === "explore") return exploreCommand(call, io);
  if (call.command === "symbols") return symbolsCommand(call, io);
  if (call.interpreter) preferInterpreter(call.interpreter);
  return call.command === "machine" ? machineCommand(call, io)
    : runCommand(call, io);
}

function say(text: string, io: Io): number {
  io.print(new TextEncoder().encode(text));
  return 0;
}

function version(): string {
  const file = join(__dirname, "..", "..", "package.json");
  const parsed = JSON.parse(readFileSync(file, "utf8")) as
    { version: string };
  return parsed.version;
}

async function beProcess(): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2), nodeIo);
  } catch (error) {
    process.exitCode = 3;
    console.error("lguest: a mistake of ours, please report it:", error);
  }
}

if (require.main === module) void beProcess();
