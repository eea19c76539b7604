// Woven from chapters/832-visit.md.
export * from "./believes";
export { lineProgram } from "./dwarf";
export * from "./explore";
export * from "./instants";
export * from "./lane";
export * from "./lockcheck";
export * from "./picture";
export * from "./pictures";
export * from "./queue";
export { hostStretches, stretchesOf, switcherStretches } from "./stretches";
export type { Move, Stretch } from "./stretches";
export * from "./story";
export * from "./symbols";
export * from "./tally";
export * from "./timeline";
export * from "./tlbcheck";
export * from "./trace";
export { waysHome } from "./unwind";
export type { Caller, WayHome } from "./unwind";
export * from "./walks";
export * from "./whereis";

export * from "./gdb";
