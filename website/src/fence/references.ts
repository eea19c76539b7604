// Where the chunks are that the code around us calls for.
import { createContext } from "react";

export const References =
  createContext<Readonly<Record<string, string>>>({});
