// Whoever imports this can be told `--interpreter plain`, and has machines
// without the generated interpreter then.
import { preferInterpreter } from "../src/machine";
import { word } from "./options";

const interpreter = word("interpreter", "generated");
if (interpreter === "plain" || interpreter === "generated")
  preferInterpreter(interpreter);
else {
  console.error("--interpreter is generated or plain");
  process.exit(2);
}
