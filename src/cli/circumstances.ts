// Woven from chapters/810-guests.md.
import {
  circumstancesOf, HOST_POLICIES, MOST_LOAD, MOST_MIGRATIONS, PTE_PAGES,
  typedTlb, UserError,
} from "../launcher";
import type { Circumstances, Migration } from "../launcher";
import { cpuOf, MANY, number } from "./numbers";
import { oneOf } from "./words";
import type { Values } from "./words";

/** The options that are circumstances of a run with Guests. */
export const CIRCUMSTANCES = ["pin", "migrate-at", "migrate-every",
  "host-policy", "pte-page", "host-load", "load-on", "tlb"] as const;

/** The options that a bare machine has no use for. */
export const FOR_RUN = ["pge", "host-pages", "abi", "guest", "switcher",
  "check", "timeline", "stats", "json", "input", "block", "net", "rng",
  "net-dump",
  ...CIRCUMSTANCES] as const;

function migration(word: string, cpus: number): Migration {
  const [, at, cpu = ""] = /^(\d+)=(.*)$/s.exec(word) ?? [];
  if (!Number.isSafeInteger(Number(at))) {
    throw new UserError(`--migrate-at ${word}: write N=CPU, a count of ` +
      "instructions and where to go then");
  }
  return { at: Number(at), cpu: cpuOf(`migrate-at ${word}: CPU`, cpu, cpus) };
}

function migrations(words: readonly string[], cpus: number): Migration[] {
  const all = words.map((word) => migration(word, cpus))
    .sort((a, b) => a.at - b.at);
  const twice = all.find(({ at }, i) => at === all[i - 1]?.at);
  if (twice) {
    throw new UserError(`--migrate-at ${twice.at} is given twice; ` +
      "leave one out");
  }
  if (all.length <= MOST_MIGRATIONS) return all;
  throw new UserError(`--migrate-at is there ${all.length} times; it may be ` +
    `${MOST_MIGRATIONS} times, or try --migrate-every N`);
}

function checkCompany(values: Values, cpus: number): void {
  if (values["load-on"] !== undefined && values["host-load"] === undefined)
    throw new UserError("--load-on says where; add --host-load N");
  if (values["migrate-every"] !== undefined && cpus === 1) {
    throw new UserError("--migrate-every needs another CPU to move to; " +
      "add --cpus 2");
  }
}
/** The circumstances that were asked for; throws UserError. */
export function understandCircumstances(
  values: Values, cpus: number,
): Circumstances {
  const { pin, "migrate-at": at, "migrate-every": every,
    "host-policy": policy, "pte-page": page,
    "host-load": load, "load-on": on } = values;
  checkCompany(values, cpus);
  const cpu = (option: string, text: string | undefined) =>
    (text === undefined ? undefined : cpuOf(option, text, cpus));
  return circumstancesOf({
    pin: cpu("pin", pin), loadOn: cpu("load-on", on),
    ...(policy !== undefined &&
      { hostPolicy: oneOf("host-policy", policy, HOST_POLICIES) }),
    ...(page !== undefined &&
      { ptePage: oneOf("pte-page", page, PTE_PAGES) }),
    ...(load !== undefined &&
      { hostLoad: number("host-load", load, 0, 0, MOST_LOAD) }),
    ...(at && { migrateAt: migrations(at, cpus) }),
    ...(every !== undefined &&
      { migrateEvery: number("migrate-every", every, 0, 1, MANY) }),
    ...(values.tlb !== undefined && { tlb: typedTlb(values.tlb) }),
  });
}
