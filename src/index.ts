// Woven from chapters/875-workers.md.
// lguest, the program: everything but its command and its loom.
export * from "./table";
export * from "./machine";
export * from "./assembler";
export * from "./host";
export * from "./lguest";
export * from "./guest";
export * from "./launcher";
export * from "./debug";
