export * from "./calendar";
export * from "./keyboard";
export * from "./pc";
export * from "./pci";
export * from "./pic";
export * from "./pit";
export * from "./rtc";
export * from "./uart";
