/** The layers whose barrels become pages of the API, from the bottom. */
export const layers = ["table", "assembler", "machine", "guest", "host",
  "lguest", "debug", "launcher"];
