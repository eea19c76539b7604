// Woven from chapters/672-globals.md.
// The Switcher as it was for one CPU: it has variables.
import { switcherOf } from "./switcher";

/** The Switcher of old, for the option `switcher`; for one CPU. */
export const switcherWithGlobals = switcherOf({ leave: `
# 59 "chapters/672-globals.md"
.equ WRITABLE, SWITCHER_IMAGE - SWITCHER
    movl %eax, the_pair + WRITABLE
    movl %esp, the_stack + WRITABLE
    mov %cr3, %edx
    movl %edx, the_cr3 + WRITABLE
    sgdt the_gdt + WRITABLE
    sidt the_idt + WRITABLE
# 73 "chapters/672-globals.md" # columns -4
    leal lguest_pages_regs(%eax), %esp
    lgdt lguest_pages_guest_gdt_limit(%eax)
    lidt lguest_pages_guest_idt_limit(%eax)
    movl $TASK, %edx
    ltr %dx
    movl the_gdt + 2, %edx
    andb $0xfd, TASK + 5(%edx)      # the Host's TSS: not busy
`, find: `
# 86 "chapters/672-globals.md"
movl $LGUEST_DS, %eax
movl %eax, %ds
movl the_pair, %eax
movl lguest_pages_regs + lguest_regs_trapnum(%eax), %ebx
movl the_cr3, %edx
mov %edx, %cr3
andb $0xfd, lguest_pages_guest_gdt + TASK + 5(%eax)
lgdt the_gdt
lidt the_idt
movl the_stack, %esp
movl $TASK, %edx
ltr %dx
`, gates: "the_idt + 2" }) + `
# 103 "chapters/672-globals.md"
the_pair:  .long 0
the_stack: .long 0
the_cr3:   .long 0
the_gdt:   .skip 6
the_idt:   .skip 6
`;
