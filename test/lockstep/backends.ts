// The two back ends that are compared.
import { Machine } from "../../src/machine";
import type { Build } from "./pair";

/** The oracle. */
export const first: Build = (options) =>
  new Machine({ ...options, interpreter: "plain" });
/** What is held against it. */
export const second: Build = (options) =>
  new Machine({ ...options, interpreter: "generated" });
