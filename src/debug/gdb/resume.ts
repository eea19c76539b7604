// Woven from chapters/828-stub.md.
import type { Cpu } from "../../machine";
import { hexNumber, MALFORMED, Refusal } from "./hex";

/** What the CPUs shall do. */
export interface Actions {
  /** Those that stop after one step; the others run. */
  readonly stepping: ReadonlySet<Cpu>;
  /** Some have no action: breakpoints just removed still hold them. */
  readonly alone: boolean;
}

/** The actions of `c`, `s`, `C` and `S`, and the address behind them. */
export function oldActions(
  payload: string, chosen: Cpu,
): { actions: Actions; address: number | undefined } {
  const signal = /^[CS]/.test(payload);
  const form = signal ? /^.[0-9a-f]{1,2}(?:;(.+))?$/i : /^.(.+)?$/;
  const found = form.exec(payload);
  if (!found) throw new Refusal(MALFORMED);
  const steps = /^s/i.test(payload);
  return {
    actions: { stepping: new Set(steps ? [chosen] : []), alone: false },
    address: found[1] === undefined ? undefined : hexNumber(found[1]),
  };
}

/** The actions of `vCont;action[:thread]…`: the first that names a CPU
 * is for it. */
export function actionsOf(
  text: string, cpus: readonly Cpu[], cpuOf: (thread: string) => Cpu,
): Actions {
  const chosen = new Map<Cpu, string>();
  for (const one of text.split(";")) {
    const found =
      /^([cs]|[CS][0-9a-f]{2})(?::(-1|[0-9a-f]+))?$/i.exec(one);
    if (!found) throw new Refusal(MALFORMED);
    const [, action = "", thread = "-1"] = found;
    const all = thread === "-1" || /^0+$/.test(thread);
    for (const cpu of all ? cpus : [cpuOf(thread)]) {
      if (!chosen.has(cpu)) chosen.set(cpu, action[0]!.toLowerCase());
    }
  }
  const stepping = cpus.filter((cpu) => chosen.get(cpu) === "s");
  return {
    stepping: new Set(stepping), alone: chosen.size < cpus.length,
  };
}
