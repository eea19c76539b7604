// Woven from chapters/500-switcher.md.
// lguest as a module of the Host.
import { assemble } from "../assembler";
import { equates, kernelEquates, layoutEquates, trapStubs, vectorTable } from
  "../host";
import type { KernelModule } from "../host";
import { DB, NMI, panic } from "../machine";
import { guestAlarm } from "./alarm";
import { lguestCalls } from "./calls";
import type { HostOptions } from "./dev";
import { guestsFromFiles } from "./guests";
import { createLauncher, freeLauncher } from "./launchers";
import { lgCpuLayout, lguestLayout } from "./lguest";
import { lguestPagesLayout, regsLayout } from "./lguestpages";
import { lguestDescriptors } from "./load";
import { GUEST_STRIDE, GUESTS_MAX, lguestMap, SWITCHER } from "./map";
import { lguestCpuLayout, lguestHostLayout } from "./structures";
import { debugText, switcherText } from "./switcher";
import { lguestText } from "./text";

const constants = equates(lguestMap) + [lguestHostLayout, lguestCpuLayout,
  lguestLayout, lgCpuLayout, lguestPagesLayout, regsLayout]
  .map(layoutEquates).join("");

/** The Launcher of a Host that nobody boots. */
const nobody = lguestCalls({ step: () => "exit" });

/** The Switcher's complete text: yours or ours, and the stubs. */
export function completeSwitcherText(switcher = switcherText): string {
  return kernelEquates({ equates: constants, calls: nobody }) +
    `# 1 "switcher"\n${switcher}\n${debugText}` +
    trapStubs("guest_trap", (n) => n === DB ? "guest_debug"
      : n === NMI ? "handle_nmi"
      : n < 32 || n === 128 ? "return_to_host" : "deliver_to_host");
}

type Assembly = Pick<KernelModule, "equates" | "text" | "data" | "symbols">;

/** The same Switcher makes the same text and data, so we keep them. */
const built = new Map<string, Assembly>();

function assembleSwitcher(switcher: string): Assembly {
  const { bytes, labels: symbols } = assemble(completeSwitcherText(switcher),
    { origin: SWITCHER, name: "switcher" });
  if (bytes.length > 4096)
    panic(`the Switcher takes ${bytes.length} bytes, and its page has 4096`);
  const enter = symbols.get("switch_to_guest") ??
    panic("the Switcher has no label switch_to_guest");
  const assembly = {
    equates: `${constants}.equ switch_to_guest, ${enter}\n`,
    text: lguestText + vectorTable("guest_stubs",
      (n) => symbols.get(`guest_trap_${n}`)!),
    data: `.byte ${bytes.join(", ")}\n.balign 4096, 0xcc\n` +
      `.fill ${GUESTS_MAX * GUEST_STRIDE}, 1, 0\n`,
    symbols,
  };
  built.set(switcher, assembly);
  return assembly;
}

/** lguest, with a Launcher that decides and a Switcher. */
export function lguestModule(
  options: Partial<Pick<HostOptions, "launcher" | "switcher" | "ptePage">>,
): KernelModule {
  const { launcher, switcher = switcherText, ptePage } = options;
  return {
    ...built.get(switcher) ?? assembleSwitcher(switcher),
    vectors: {},
    calls: launcher ? lguestCalls(launcher, ptePage) : nobody,
    setup: guestsFromFiles,
    descriptors: lguestDescriptors,
    createProcess: createLauncher,
    freeProcess: freeLauncher,
    alarm: guestAlarm,
  };
}
