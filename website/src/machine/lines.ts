// Which line of the book a CPU is about to execute, and which label it is
// behind. The kernels are assembled once more for that, when it is asked.
import { assemble } from "../../../src/assembler";
import { hostStretches, stretchesOf, switcherStretches } from
  "../../../src/debug";
import type { Stretch, Where } from "../../../src/debug";
import { firstGuestText, guestText, GUEST_PHYSICAL, GUEST_VIRTUAL,
  monitorText } from "../../../src/guest";
import type { Order } from "./order";
import type { Place } from "./protocol";
import type { WorldName } from "./worlds";

interface Line { readonly address: number; readonly file: string;
  readonly line: number }

/** Labels and lines of the code of one world, by rising address. */
class Names {
  readonly labels: (readonly [name: string, at: number])[];
  readonly lines: Line[];

  constructor(stretches: readonly Stretch[]) {
    this.labels = stretches.flatMap((one) => [...one.labels])
      .sort((a, b) => a[1] - b[1]);
    this.lines = stretches.flatMap((one) => [...one.lines])
      .sort((a, b) => a.address - b.address);
  }
}

/** The last of what rises that isn't beyond an address. */
function lastBefore<T>(
  list: readonly T[], address: number, at: (one: T) => number,
): T | undefined {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(list[middle]!) <= address) low = middle + 1;
    else high = middle;
  }
  const found = list[low - 1];
  return found && address - at(found) < 0x1000 ? found : undefined;
}

const guestTexts: Partial<Record<WorldName, string>> =
  { hello: guestText, two: guestText, monitor: monitorText,
    pge: firstGuestText, globals: firstGuestText, onePage: firstGuestText };

/** Knows what is where while an order runs. */
export class Lines {
  private readonly host: Names;
  private readonly switcher: Names;
  private readonly guest: Names | undefined;

  constructor(order: Order, switcher: string | undefined) {
    this.host = new Names(hostStretches(switcher));
    this.switcher = new Names(switcherStretches(switcher));
    const text = order.elf !== undefined ? undefined
      : order.guest ?? guestTexts[order.world];
    this.guest = text === undefined ? undefined : new Names(guestOf(text));
  }

  private namesAt(where: Where): Names | undefined {
    return where === "Host" || where === "asleep" ? this.host
      : where === "Switcher" ? this.switcher
      : typeof where === "number" ? this.guest : undefined;
  }

  /** The label that an address is behind. */
  label(where: Where, address: number) {
    const names = this.namesAt(where);
    return names && lastBefore(names.labels, address, ([, at]) => at);
  }

  /** The chapter and the line of the instruction there. */
  place(where: Where, address: number): Place["line"] {
    const names = this.namesAt(where);
    const found = names && lastBefore(names.lines, address,
      (one) => one.address);
    const slug = /^chapters\/\d+-(.*)\.md$/.exec(found?.file ?? "")?.[1];
    return found && slug !== undefined && address - found.address < 16
      ? { slug, line: found.line } : undefined;
  }
}

function guestOf(text: string): Stretch[] {
  const program = assemble(text, { origin: GUEST_VIRTUAL, name: "guest" });
  return program.labels.has("moved") && program.labels.has("start")
    ? stretchesOf(program,
      [["start", GUEST_PHYSICAL - GUEST_VIRTUAL], ["moved", 0]])
    : stretchesOf(program, []);
}
