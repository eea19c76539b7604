// Woven from chapters/48-programs.md.
export * from "./first";
export * from "./operations";
export * from "./ticks";
export * from "./processes";
export * from "./programs";
