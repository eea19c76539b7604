// Woven from chapters/500-switcher.md.
export * from "./boot";
export * from "./dev";
export * from "./globals";
export * from "./guestdata";
export { hypercalls } from "./hypercalls";
export { raiseIrq } from "./interrupts";
export { pagesBesides } from "./launchers";
export * from "./lguest";
export * from "./lguestpages";
export { lguestMap } from "./map";
export * from "./module";
export { ptePages } from "./onepage";
export type { PtePage } from "./onepage";
export * from "./structures";
export * from "./switcher";
