// Woven from chapters/875-workers.md.
// The loom: chapters in, program out. Stands apart from the program.
export * from "./chapter";
export * from "./contents";
export * from "./diff";
export * from "./examples";
export * from "./home";
export * from "./layers";
export * from "./map";
export * from "./markdown";
export * from "./piece";
export * from "./problem";
export * from "./show";
export * from "./unweave";
export * from "./weave";
