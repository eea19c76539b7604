import { isSchedule } from "../machine";
import type { Machine } from "../machine";
import { UserError } from "./error";
import type { InputEntry } from "./gate";

/** A file that the run depends on. */
export interface RunImage {
  /** Which option named it: kernel, rom, initrd, module. */
  readonly role: string;
  readonly path: string;
  readonly sha256: string;
  /** A module's text. */
  readonly text?: string;
}

/** What a run was started with. */
export interface RunConfig {
  readonly command: "run" | "machine";
  readonly options: Readonly<Record<string, unknown>>;
  readonly images: readonly RunImage[];
}

/** How a run ended. */
export interface RunEnd {
  readonly instructions: number;
  readonly status: number;
  readonly sentence: string;
  /** Machine time in ticks. */
  readonly time: number;
  /** Checksum of the block, in hexadecimal. */
  readonly state: string;
}

/** A run, written down. */
export interface RunFile {
  readonly config: RunConfig;
  readonly inputs: readonly InputEntry[];
  readonly end?: RunEnd;
}

const FIRST_LINE = "lguest run 1";

/** The first lines of a run file. */
export function runFileHead(config: RunConfig): string {
  return `${FIRST_LINE}\n${JSON.stringify(config)}\n`;
}

/** The last line of a run file. */
export function runFileEnd(end: RunEnd): string {
  return `${JSON.stringify({ end })}\n`;
}

/** Checksum of a machine's block, in hexadecimal. */
export function stateSum(machine: Machine): string {
  const { buffer } = machine.snapshot();
  return (new Int32Array(buffer)[4]! >>> 0).toString(16).padStart(8, "0");
}

/** Reads a run file; UserError if it isn't one. */
export function readRunFile(text: string): RunFile {
  const [first, ...lines] = text.split("\n");
  if (first !== FIRST_LINE) {
    throw new UserError(first?.startsWith("lguest run ")
      ? "is a run file of another version; record it again"
      : "is not a run file; --record FILE writes one");
  }
  const records = lines.filter((line) => line !== "").map(parseLine);
  const config = records.shift() as RunConfig | undefined;
  const known = config?.command === "run" || config?.command === "machine";
  if (!known || !Array.isArray(config.images) ||
      !config.images.every(isImage) || !areOptions(config.options)) {
    throw damaged();
  }
  const last = records.at(-1) as { end?: RunEnd } | undefined;
  if (last?.end) records.pop();
  const inputs = records as InputEntry[];
  if (!inputs.every(isEntry)) throw damaged();
  return { config, inputs, ...(last?.end && { end: last.end }) };
}

const damaged = () =>
  new UserError("is a damaged run file; copy it again");

function parseLine(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value) return value;
  } catch {
    // Not JSON: damaged as well.
  }
  throw damaged();
}

function isImage(image: RunImage | null): boolean {
  return [image?.role, image?.path, image?.sha256]
    .every((text) => typeof text === "string");
}

function areOptions(options: Record<string, unknown> | undefined): boolean {
  const { cpus, memory, schedule } = options ?? {};
  return Number.isInteger(cpus) && Number.isInteger(memory) &&
    (schedule === undefined || isSchedule(schedule));
}

function isEntry(entry: InputEntry, i: number): boolean {
  return entry.sequence === i && typeof entry.time === "number" &&
    Array.isArray(entry.counts) && typeof entry.bytes === "string" &&
    /^([0-9a-f]{2})*$/.test(entry.bytes);
}
