// Woven from chapters/832-visit.md.
export * from "./hex";
export * from "./memory";
export * from "./packets";
export * from "./points";
export * from "./registers";
export * from "./stub";
