// What boots in the page: what it says when Node boots it.
import type { Fence } from "../../src/loom/chapter";
import { boot, run } from "../../src/launcher";
import type { Order } from "../src/machine/order";
import { panelNames } from "../src/machine/panels";
import type { Watch } from "../src/machine/panels";
import { optionsFor } from "../src/machine/session";
import { worldNames, worldOf } from "../src/machine/worlds";
import type { WorldName } from "../src/machine/worlds";
import { infoOf } from "./read";

/** What to boot and to look at, and how it went. */
export interface Boot {
  readonly order: Order;
  readonly watch: Watch;
  readonly console: string;
  readonly sentences: readonly string[];
}

const enough = 50_000_000;

/** Boots an order to its end and tells what was said. */
export function bootOrder(
  order: Order = { world: "hello", memory: 8, append: "" },
  watch: Watch = { panels: [], cpu: 0, address: 0xc0100000, zoom: 0 },
): Boot {
  const decoders = [new TextDecoder(), new TextDecoder()], said = ["", ""];
  const session = boot(optionsFor(order), (bytes, guest) => {
    said[guest] += decoders[guest]!.decode(bytes, { stream: true });
  });
  const { sentences } = run(session, enough);
  return { order, watch, console: said.join(""), sentences };
}

/** A fence that boots: ```asm {guest memory=8 append="…"}, its text; or
 * ```text {machine world=two panels=cpu,tlb address=c0100000}. */
export function bootFence(fence: Fence): Boot | undefined {
  const [, kind, words = ""] =
    /\{(guest|machine)\b([^}]*)\}/.exec(infoOf(fence)) ?? [];
  if (kind === undefined) return undefined;
  const word = (name: string) =>
    new RegExp(`\\b${name}=("([^"]*)"|\\S+)`).exec(words);
  const value = (name: string) => word(name)?.[2] ?? word(name)?.[1];
  const world = oneOf(worldNames, value("world") ?? "hello");
  const text = fence.body.map((line) => line.text).join("\n");
  return bootOrder({ world, append: value("append") ?? "",
    memory: Number(value("memory") ?? worldOf(world).memory),
    ...(kind === "guest" && { guest: text }) },
  { cpu: Number(value("cpu") ?? 0), zoom: 0,
    address: parseInt(value("address") ?? "c0100000", 16),
    panels: (value("panels")?.split(",") ?? [])
      .map((name) => oneOf(panelNames, name)) });
}

function oneOf<T extends string>(names: readonly T[], name: string): T {
  const found = names.find((one) => one === name);
  if (found === undefined)
    throw new Error(`there is no ${name}; try ${names.join(", ")}`);
  return found;
}
