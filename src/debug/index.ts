export * from "./trace";

export * from "./gdb";
