// Woven from chapters/914-helpers.md.
import { forms } from "../../../table";
import type { Form } from "../../../table";
import { helpers } from "../helpers";
import { arithmetic } from "./arithmetic";
import { bits } from "./bits";
import { decimal } from "./decimal";
import { flagops } from "./flagops";
import { moves } from "./moves";
import { multiplication } from "./multiply";
import type { Semantics } from "./operands";
import { segments } from "./segments";
import { shifts } from "./shifts";
import { stack } from "./stack";
import { strings } from "./strings";
import { escapes, system } from "./system";
import { transfers } from "./transfers";

/** What each instruction does, by the table's semantic key; a few keys
 * are divided by the kind of operand ("mov to control"). */
export const semantics: Record<string, Semantics> = {
  ...arithmetic, ...multiplication, ...shifts, ...bits, ...moves,
  ...stack, ...transfers, ...strings, ...flagops, ...decimal,
  ...segments, ...system, ...escapes,
};

const kinds: Record<string, string> = {
  S: "segment", C: "control", D: "debug", segment: "segment",
};

/** The key of a form's semantics. */
export function semanticKey(form: Form): string {
  const at = form.operands.findIndex((o) => o.kind in kinds);
  if (at < 0) return form.semantic;
  const kind = kinds[form.operands[at]!.kind]!;
  if (form.semantic !== "mov") return `${form.semantic} ${kind}`;
  return `mov ${at === 0 ? "to" : "from"} ${kind}`;
}

// Outside protected mode there are no descriptors to ask about.
const needsDescriptors = new Set(
  "arpl lar lsl verr verw sldt str lldt ltr".split(" "));

function semanticsOf(form: Form): Semantics {
  const told = semantics[semanticKey(form)];
  if (!told) throw new Error(`nobody says what ${form.mnemonic} does`);
  const descriptors = needsDescriptors.has(form.semantic);
  const ring0 = form.privilege === "cpl0" && form.semantic !== "hostcall";
  if (!descriptors && !ring0) return told;
  return (b, i) => {
    if (descriptors) b.call(helpers.requireProtected);
    if (ring0) b.call(helpers.requireRing0);
    told(b, i);
  };
}

/** What each form does, by its id. */
export const semanticsById: readonly Semantics[] = forms.map(semanticsOf);
