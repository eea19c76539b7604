// Woven from chapters/52-record.md, 57-visit.md.
export * from "./trace";

export * from "./gdb";
