// Woven from chapters/410-traps.md.
// Assembles the Host's image.
import { assemble } from "../assembler";
import { NMI, panic } from "../machine";
import { hostCallsOf } from "./calls";
import type { OwnDescriptor } from "./descriptors";
import { kernelText } from "./kernel";
import { layoutEquates } from "./layout";
import { most, place, selector, vector } from "./map";
import type { KernelModule } from "./module";
import { cpuLayout, hostLayout, trapFrame } from "./structures";
import { trapStubs } from "./stubs";
import { programEquates, programVectors, systemCallTable } from
  "./systemcall";
import { threadLayout } from "./threads";

/** Names and their values as .equ lines. */
export function equates(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers).map(([name, value]) =>
    `.equ ${name}, 0x${value.toString(16)}\n`).join("");
}

const constants = '# 1 "equates"\n' +
  equates({ ...place, ...most, ...selector, ...vector }) +
  [hostLayout, cpuLayout, trapFrame, threadLayout].map(layoutEquates).join("") +
  programEquates;

/** The constants of the Host's assembly, and of a module's. */
export function kernelEquates(
  module: Pick<KernelModule, "equates" | "calls">,
): string {
  const calls = hostCallsOf(module).map(({ name }, i) =>
    [`HC_${name}`, i + 1] as const);
  return constants + equates(Object.fromEntries(calls)) + module.equates;
}

/** Who handles which vector; all others are oopses. */
const handlers: Readonly<Record<number, string>> = {
  [vector.TIMER_VECTOR]: "timer_interrupt",
  [vector.RESCHEDULE_VECTOR]: "reschedule_interrupt",
  [vector.MOVE_VECTOR]: "move_interrupt",
  [vector.NEWS_VECTOR]: "news_interrupt",
  [NMI]: "nmi_interrupt",
  [vector.STOP_VECTOR]: "stop",
  [vector.CALL_VECTOR]: "call_interrupt",
  [vector.SPURIOUS_VECTOR]: "trap_return",
  ...programVectors,
};

/** A label, and a word for each of 256 vectors. */
export function vectorTable(
  label: string, word: (vector: number) => string | number,
): string {
  const words = Array.from({ length: 256 }, (_, n) => word(n));
  return `# 1 "${label}"\n.balign 4, 0xcc\n${label}: .long ${words}\n`;
}

const stubs = trapStubs("trap", () => "trap_common") +
  vectorTable("host_stubs", (n) => `trap_${n}`) + systemCallTable;

/** The complete text of the Host with a module. */
export function completeKernelText(module: KernelModule): string {
  const all = { ...handlers, ...module.vectors };
  return kernelEquates(module) + kernelText +
    `# 1 "module"\n${module.text}\n` + stubs +
    vectorTable("vector_table", (n) => all[n] ?? "unexpected") +
    "text_end:\n.balign 0x8000, 0xcc\n.fill 0x2000, 1, 0\n" +
    `# 1 "module's data"\n${module.data}`;
}

/** The Host as bytes, and where they go. */
export interface HostImage {
  bytes: Uint8Array;
  /** Physical address of the first byte. */
  origin: number;
  /** Physical address of the first instruction. */
  entry: number;
  /** The Host's labels and the module's, virtual addresses. */
  symbols: Map<string, number>;
  /** The module's, in each CPU's GDT. */
  descriptors: readonly OwnDescriptor[];
}

/** Assembles Host and module; bad assembly throws AssemblerError. */
export function kernelImage(module: KernelModule): HostImage {
  const parts = [module.equates, module.data, JSON.stringify(module.vectors),
    ...hostCallsOf(module).map(({ name }) => name)].join("\0");
  const known = built.get(module.text);
  const { bytes, symbols } = known?.parts === parts ? known
    : assembleKernel(module, parts);
  return {
    bytes, origin: place.IMAGE, entry: symbols.get("start")! - place.KERNEL,
    symbols: new Map([...module.symbols, ...symbols]),
    descriptors: module.descriptors,
  };
}

/** The same parts make the same bytes, so we keep them, by the text. */
const built = new Map<string, Built>();
interface Built {
  parts: string;
  bytes: Uint8Array;
  symbols: ReadonlyMap<string, number>;
}

function assembleKernel(module: KernelModule, parts: string): Built {
  const kernel = assemble(completeKernelText(module),
    { origin: place.TEXT, name: "host" });
  const more = kernel.symbols.get("text_end")! - place.HOST;
  if (more > 0) panic(`the module's text is ${more} bytes too long`);
  const data = kernel.bytes.length - (place.MODULE - place.TEXT);
  if (data > place.CPUS - place.MODULE)
    panic(`the module brings ${data} bytes of data, and five pages are its`);
  const bytes = new Uint8Array(place.END - place.TEXT);
  bytes.set(kernel.bytes);
  const image = { parts, bytes, symbols: kernel.labels };
  built.set(module.text, image);
  return image;
}
