// Woven from chapters/732-decoder.md.
export * from "./flagbits";
export * from "./form";
export * from "./parse";
export { tableText } from "./table";

export * from "./insn";
export { ByteReader, InstructionTooLong } from "./reader";
export { bases16, indexes16 } from "./address";
export { bytesOf, decode, decodeLoosely, worksOnBytes } from "./decode";
