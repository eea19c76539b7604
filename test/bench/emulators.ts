// The emulators that run in a process of ours: this book's, and v86.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { bootMetal, MiB, runMetal, typedTlb } from "../../src/launcher";
import { preferInterpreter } from "../../src/machine";
import type { MetalOptions, MetalSession } from "../../src/launcher";
import { commandLineOf, cpuSeconds, LapReader } from "./laps";
import type { Lap, Work } from "./laps";

/** Boots the image, and lets it work. */
export type Emulator =
  (image: Uint8Array, works: readonly Work[]) => Promise<Lap[]>;

const MEMORY = 32 * MiB;

/** Our bare machine, with some options. */
function ourMachine(options: MetalOptions): Emulator {
  return async (image, works) => {
    let session: MetalSession | undefined;
    const reader = new LapReader(() => ({ seconds: cpuSeconds(),
      instructions: session?.machine.count ?? 0 }));
    session = bootMetal({ memory: MEMORY, kernel: image,
      commandLine: commandLineOf(works), ...options },
    { print: (byte) => reader.take(byte) });
    const { sentence } = runMetal(session);
    return reader.finish(sentence);
  };
}

/** The same without the generated interpreter. */
function plainly(emulator: Emulator): Emulator {
  return async (image, works) => {
    preferInterpreter("plain");
    return emulator(image, works);
  };
}

/** What we use of WebAssembly, of which Node's types don't tell. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(code: object, imports: object): Promise<{ exports: object }>;
};

/** What we use of v86. */
interface V86 {
  add_listener(event: "serial0-output-byte", f: (byte: number) => void): void;
  destroy(): Promise<void>;
}

interface V86Package {
  readonly V86: new (options: Record<string, unknown>) => V86;
}

const v86Folder = join(__dirname, "node_modules/v86/build");

/** Whether the package is there. */
export const hasV86 = () => existsSync(join(v86Folder, "libv86.mjs"));

let v86Code: Promise<object> | undefined;

/** v86, which can boot a multiboot image without a BIOS. Its module is
 * compiled once, so that what V8 has learned of it stays. */
function v86(jit: boolean): Emulator {
  return async (image, works) => {
    const library = pathToFileURL(join(v86Folder, "libv86.mjs")).href;
    const { V86 } = await import(library) as V86Package;
    v86Code ??= WebAssembly.compile(
      readFileSync(join(v86Folder, "v86.wasm")));
    const code = await v86Code;
    const reader = new LapReader(() =>
      ({ seconds: cpuSeconds(), instructions: 0 }));
    const machine = new V86({
      wasm_fn: async (imports: object) =>
        (await WebAssembly.instantiate(code, imports)).exports,
      memory_size: MEMORY, vga_memory_size: MiB, disable_jit: !jit,
      multiboot: { buffer: Uint8Array.from(image).buffer },
      cmdline: `bench ${commandLineOf(works)}`, autostart: true,
    });
    await new Promise<void>((resolve) => {
      machine.add_listener("serial0-output-byte", (byte) => {
        reader.take(byte);
        if (reader.ended) resolve();
      });
    });
    await machine.destroy();
    return reader.finish("v86");
  };
}

/** Our own machine in its kinds; the first is what the others are
 * compared with. */
export const ours: Record<string, Emulator> = {
  "ours": ourMachine({}),
  "ours, TLB unlimited": ourMachine({ tlb: typedTlb("unlimited") }),
  "ours, plain": plainly(ourMachine({})),
};

/** All emulators that can run in a process of ours. */
export const emulators: Record<string, Emulator> = {
  ...ours,
  "v86 interpreter": v86(false),
  "v86 JIT": v86(true),
};
