// Woven from chapters/824-gdb-registers.md.
import { CORE_REGISTERS, SYSTEM_REGISTERS } from "./registers";
import type { DebugRegister } from "./registers";

const FLAG_BITS: readonly [name: string, bit: number][] = [
  ["CF", 0], ["", 1], ["PF", 2], ["AF", 4], ["ZF", 6], ["SF", 7],
  ["TF", 8], ["IF", 9], ["DF", 10], ["OF", 11], ["NT", 14], ["RF", 16],
  ["VM", 17], ["AC", 18], ["VIF", 19], ["VIP", 20], ["ID", 21],
];

const FLAGS_TYPE = [
  '<flags id="i386_eflags" size="4">',
  ...FLAG_BITS.map(([name, bit]) =>
    `<field name="${name}" start="${bit}" end="${bit}"/>`),
  "</flags>",
].join("");

function line(register: DebugRegister, group: string): string {
  const { name, bits, type } = register;
  return `<reg name="${name}" bitsize="${bits}" type="${type}"${group}/>`;
}

/** What qXfer:features:read gives: the registers, for gdb to read. */
export const TARGET_XML = [
  '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">',
  '<target version="1.0"><architecture>i386</architecture>',
  '<feature name="org.gnu.gdb.i386.core">', FLAGS_TYPE,
  ...CORE_REGISTERS.map((register) => line(register, "")),
  '</feature><feature name="org.lguest.i386.system">',
  ...SYSTEM_REGISTERS.map((register) =>
    line(register, ' group="system"')),
  "</feature></target>\n",
].join("\n");
