// Woven from chapters/150-programs.md.
export * from "./first";
export * from "./linked";
export * from "./operations";
export * from "./ticks";
export * from "./processes";
export * from "./programs";
export * from "./console";
