// Woven from chapters/784-forms.md.
import type { Form, Operand } from "../table";

const asWritten = new Set(["enter", "bound"]);
const written = new Map<Form, readonly Operand[]>();

function reorder(form: Form): readonly Operand[] {
  const far = form.operands[0];
  if (far?.kind === "A")
    return [{ ...far, code: "Iw", kind: "I", size: "w" },
      { ...far, code: "Iz", kind: "I", size: "z" }];
  return asWritten.has(form.mnemonic) ? form.operands
    : [...form.operands].reverse();
}

/** A form's operands in the order that AT&T syntax writes them. */
export function writtenOperands(form: Form): readonly Operand[] {
  let operands = written.get(form);
  if (!operands) written.set(form, operands = reorder(form));
  return operands;
}
