// Woven from chapters/500-switcher.md.
// The Switcher's text, all but its 256 stubs.

const saveHost = `
# 145 "chapters/500-switcher.md"
switch_to_guest:
    pushl %es
    pushl %ds
    pushl %gs
    pushl %fs
    pushl %ebp
`;

const takeGuest = `
# 185 "chapters/500-switcher.md" # columns -4
    mov %ebx, %cr3
    popl %eax
    popl %ebx
    popl %ecx
    popl %edx
    popl %esi
    popl %edi
    popl %ebp
    popl %gs
    popl %fs
    popl %ds
    popl %es
    addl $8, %esp                   # trapnum, errcode
    iret                            # eip, cs, eflags, esp, ss
`;

const saveGuest = `
# 239 "chapters/500-switcher.md"
pushl %es
pushl %ds
pushl %fs
pushl %gs
pushl %ebp
pushl %edi
pushl %esi
pushl %edx
pushl %ecx
pushl %ebx
pushl %eax
`;

const takeHost = `
# 286 "chapters/500-switcher.md"
popl %ebp
popl %fs
popl %gs
popl %ds
popl %es
`;

const goOn = `
# 297 "chapters/500-switcher.md" # columns -4
    iret
`;

const deliver = `
# 307 "chapters/500-switcher.md"
movl lguest_pages_host_idt_base(%eax), %edx
leal (%edx,%ebx,8), %eax
movzwl (%eax), %edx             # the gate's low half of the offset,
movl 4(%eax), %eax
xorw %ax, %ax
orl %eax, %edx                  # and the high one
jmp *%edx
`;
const hostGates = "lguest_pages_host_idt_base(%eax)";

const nmi = `
# 320 "chapters/500-switcher.md"
handle_nmi:
    addl $8, %esp
    iret
`;

/** Leaves the Host's world; finds it again; where its gates are. */
export interface HostWays {
  readonly leave: string;
  readonly find: string;
  readonly gates?: string;
}

/** Defines switch_to_guest, return_to_host, deliver_to_host and
 * handle_nmi. The way back is used twice: the book's assembly has no
 * macros, TypeScript has. */
export function switcherOf(
  { leave, find, gates = hostGates }: HostWays,
): string {
  const back = saveGuest + find + takeHost;
  return saveHost + leave + takeGuest +
    "return_to_host:" + back + goOn +
    "deliver_to_host:" + back + deliver.replace(hostGates, gates) + nmi;
}

/** The default of the option `switcher`. */
export const switcherText = switcherOf({ leave: `
# 159 "chapters/500-switcher.md"
    movl %esp, lguest_pages_host_sp(%eax)
    leal lguest_pages_regs(%eax), %esp
# 171 "chapters/500-switcher.md" # columns -4
    lgdt lguest_pages_guest_gdt_limit(%eax)
    lidt lguest_pages_guest_idt_limit(%eax)
    movl $TASK, %edx
    ltr %dx
    movl lguest_pages_host_gdt_base(%eax), %edx
    andb $0xfd, TASK + 5(%edx)      # the Host's TSS: not busy
`, find: `
# 260 "chapters/500-switcher.md"
movl $LGUEST_DS, %eax
movl %eax, %ds
movl %esp, %eax
andl $-4096, %eax               # lguest_pages of this CPU
movl lguest_pages_regs + lguest_regs_trapnum(%eax), %ebx
movl lguest_pages_host_cr3(%eax), %edx
mov %edx, %cr3
andb $0xfd, lguest_pages_guest_gdt + TASK + 5(%eax)
lgdt lguest_pages_host_gdt_limit(%eax)
lidt lguest_pages_host_idt_limit(%eax)
movl lguest_pages_host_sp(%eax), %esp
movl $TASK, %edx
ltr %dx
` });

/** Where vector 1 leads. */
export const debugText = `
# 440 "chapters/500-switcher.md"
guest_debug:
    testb $3, 12(%esp)                  # behind vector, zero, eip: cs
    jnz return_to_host
    movl %eax, (%esp)                   # the vector is known
    movl %esp, %eax
    andl $-4096, %eax                   # lguest_pages of this CPU
    movl $1, %ss:lguest_pages_held(%eax)
    popl %eax
    addl $4, %esp
    iret
`;
