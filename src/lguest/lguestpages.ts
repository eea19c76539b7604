// Woven from chapters/500-switcher.md.
// struct lguest_pages: two pages for each CPU (lguest-abi: Linux 4.x).
import { structure, viewClass } from "../host";

/** The Guest's registers as the Switcher pops and pushes them. */
export const regsLayout = structure("lguest_regs", {
  eax: "u32", ebx: "u32", ecx: "u32", edx: "u32", esi: "u32", edi: "u32",
  ebp: "u32", gs: "u32", fs: "u32", ds: "u32", es: "u32",
  trapnum: "u32", errcode: "u32",
  eip: "u32", cs: "u32", eflags: "u32", esp: "u32", ss: "u32",
});
export const Regs = regsLayout.field;
export class Registers extends viewClass(regsLayout) {}

/** One CPU's pair: registers at the end of the first, then its state. */
export const lguestPagesLayout = structure("lguest_pages", {
  spare: "u8[4020]", held: "u32", regs: "u32[18]",
  host_cr3: "u32", host_idt_limit: "u16", host_idt_base: "u32",
  host_gdt_limit: "u16", host_gdt_base: "u32", host_sp: "u32",
  guest_idt_limit: "u16", guest_idt_base: "u32",
  guest_gdt_limit: "u16", guest_gdt_base: "u32",
  guest_tss: "u32[26]",
  guest_idt: "u32[512]",
  guest_gdt: "u32[64]",
});
export const LguestPages = lguestPagesLayout.field;
export class Pair extends viewClass(lguestPagesLayout) {}
