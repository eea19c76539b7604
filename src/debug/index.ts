// Woven from chapters/52-record.md, 57-visit.md.
export * from "./lockcheck";
export * from "./pictures";
export * from "./tally";
export * from "./trace";
export * from "./walks";

export * from "./gdb";
