// Woven from chapters/808-command.md.
import { parseArgs } from "node:util";
import { UserError } from "../launcher";

const STRING = { type: "string" } as const;
const SWITCH = { type: "boolean" } as const;
const LIST = { type: "string", multiple: true } as const;

const OPTIONS = {
  kernel: STRING, append: STRING, memory: STRING, cpus: STRING,
  seed: STRING, schedule: STRING, pge: STRING, abi: STRING,
  "max-instructions": STRING, "host-pages": STRING,
  guest: LIST, pin: STRING, "migrate-at": LIST, "migrate-every": STRING,
  "host-policy": STRING, "pte-page": STRING, "host-load": STRING,
  "load-on": STRING, tlb: STRING, switcher: STRING, check: LIST,
  snapshot: STRING, at: STRING, restore: STRING,
  input: SWITCH, trace: SWITCH, "trace-file": STRING, timeline: STRING,
  stats: SWITCH, json: SWITCH,
  gdb: STRING, wait: SWITCH,
  block: LIST, net: LIST, rng: SWITCH, "net-dump": STRING,
  rom: STRING, initrd: STRING, module: LIST,
  until: STRING, schedules: STRING, changes: STRING, workers: STRING,
  record: STRING, replay: STRING, interpreter: STRING, reboot: SWITCH,
  "post-port": STRING,
  date: STRING, output: { ...STRING, short: "o" }, world: STRING,
  help: { ...SWITCH, short: "h" }, version: SWITCH,
} as const;

/** The words, by options. */
export function parseWords(words: readonly string[]) {
  const strange = words.find((word) => word.includes("\ufffd"));
  if (strange !== undefined) {
    throw new UserError(`${strange} is not UTF-8; rename the file, or give ` +
      "a link to it");
  }
  const parsed = parseAll(words);
  const names = parsed.tokens.flatMap((token) =>
    token.kind === "option" && !("multiple" in OPTIONS[token.name])
      ? [token.name] : []);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new UserError(`--${twice} is given twice; leave one out`);
  }
  return parsed;
}

function parseAll(words: readonly string[]) {
  try {
    return parseArgs({ args: withValues(words), options: OPTIONS,
      allowPositionals: true, tokens: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const option = /'(?:-\w, )?(-[^' ]*)/.exec(message)?.[1] ?? "";
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
      throw new UserError(`unknown option ${option}; try --help`);
    }
    const takes = message.includes("does not take");
    throw new UserError(takes
      ? `${option} takes no value`
      : `${option} needs a value; if it begins with a dash, ` +
        `write ${option}=VALUE`);
  }
}
export const GDB_PORT = "1234";

/** Options that can do without a value: how one looks, and which it is
 * then. */
const OPTIONAL = new Map([
  ["--gdb", { typed: /^\d+$/, otherwise: GDB_PORT }],
  ["--timeline", { typed: /^\d/, otherwise: "0-" }],
]);

function withValues(words: readonly string[]): string[] {
  const found: string[] = [];
  for (const word of words) {
    const last = found.at(-1) ?? "", option = OPTIONAL.get(last);
    const typed = option?.typed.test(word);
    if (option) {
      const value = typed ? word : option.otherwise;
      found[found.length - 1] = `${last}=${value}`;
    }
    if (!typed) found.push(word);
  }
  const gdb = found.some((word) => /^--gdb(=|$)/.test(word));
  const left = OPTIONAL.get(found.at(-1) ?? "");
  if (left) found.push(left.otherwise);
  if (found.includes("--wait") && !gdb) found.push("--gdb=" + GDB_PORT);
  return found;
}

/** The options as they were typed. */
export type Values = ReturnType<typeof parseWords>["values"];

/** One of these words, as it was typed behind an option; throws UserError. */
export function oneOf<Word extends string>(
  option: string, typed: string, words: readonly Word[],
): Word {
  const word = words.find((one) => one === typed);
  if (word !== undefined) return word;
  const most = words.slice(0, -1).join(", ");
  throw new UserError(`--${option} ${typed}: it is ${most} or ` +
    words.at(-1));
}
