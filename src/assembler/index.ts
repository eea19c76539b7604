// Woven from chapters/796-disassembler.md.
export { splitStatements, withoutMarkers } from "./statements";
export type { Statement } from "./statements";
export { AssemblerError } from "./error";
export type { Place } from "./error";
export { assemble } from "./assemble";
export type {
  AssembleOptions, Assembled, AssembledLine,
} from "./assemble";
export { writeElf } from "./elf";
export type { ElfSegment } from "./elf";

export { disassemble } from "./disassemble";
export type { Disassembled } from "./disassemble";
export { nameAddress } from "./show-target";
export type { SymbolTable } from "./show-target";
