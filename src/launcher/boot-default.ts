// Woven from chapters/803-sessions.md.
import { defaultGuest } from "../guest";
import { MiB } from "./kernel";
import { boot, run } from "./session";
import type { BootOptions } from "./session";
import type { End } from "./end";

/** What may be different when the default Guest boots. */
export interface DefaultOptions extends Omit<BootOptions, "guests"> {
  readonly commandLine?: string;
  /** Another kernel, as an ELF file. */
  readonly image?: Uint8Array;
  /** The Guest's memory in MiB, default 64. */
  readonly memory?: number;
  /** Instructions after which we give up, default 100 million. */
  readonly maxInstructions?: number;
  /** Is given what the Guest prints. */
  readonly output?: (text: string) => void;
}

/** Boots the default Guest and runs it to its end. */
export function bootDefault(options: DefaultOptions = {}): End {
  const { commandLine = "", memory = 64, image = defaultGuest(),
    output, ...rest } = options;
  const guest = { name: "the Guest", image,
    commandLine, memory: memory * MiB };
  const decoder = new TextDecoder();
  const session = boot({ ...rest, guests: [guest] }, (bytes) =>
    output?.(decoder.decode(bytes, { stream: true })));
  return run(session, options.maxInstructions ?? 100_000_000);
}
