// Woven from chapters/922-keyboard.md.
export * from "./calendar";
export * from "./keyboard";
export * from "./pci";
export * from "./pic";
export * from "./pit";
export { nameWords } from "./registers";
export type { Registers as NamedWords } from "./registers";
export * from "./rtc";
export * from "./uart";
