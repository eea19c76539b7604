// Woven from chapters/510-loop.md, 500-switcher.md, 650-everywhere.md, 420-threads.md.
// lguest's assembly, but for the Switcher.


/** What lies behind the Host's text. */
export const lguestText = `
# 622 "chapters/500-switcher.md"
init_module:
    movl $guest_stubs, %eax
    .byte 0x0f, 0x3f, HC_load_lguest
    testl %eax, %eax
    jnz 1f                          # too few pages
# 651 "chapters/500-switcher.md"
    movl $pge_off, %eax
    call everywhere_or_here
    xorl %eax, %eax
1:  ret

everywhere_or_here:
    cmpl $0, HOST + lguest_host_pge_all_cpus
    jne on_each_cpu
    jmp *%eax                       # here, and on no other CPU

pge_off:
    mov %cr4, %eax
    andl $0xffffff7f, %eax
    mov %eax, %cr4
    ret
# 428 "chapters/650-everywhere.md"
exit_module:
    .byte 0x0f, 0x3f, HC_unload_lguest
    testl %eax, %eax
    jnz 1f                          # a Launcher lives
    movl $host_ss, %eax
    call on_each_cpu
    call flush_tlb_all
    .byte 0x0f, 0x3f, HC_free_lguest
    movl $pge_on, %eax
    call everywhere_or_here
    xorl %eax, %eax
1:  ret

host_ss:
    movl $KERNEL_DS, %eax
    movl %eax, %ss
    ret
pge_on:
    mov %cr4, %eax
    orl $0x80, %eax
    mov %eax, %cr4
    ret
# 496 "chapters/420-threads.md"
process_thread:
    cli
    call lock_queue
    .byte 0x0f, 0x3f, HC_launcher_step
    movl %eax, %ebx
    call unlock_queue
    cmpl $0, %fs:cpu_need_resched
    je 1f
    call schedule
1:  testl %ebx, %ebx
    jnz exit_process
    call read_lguest
    jmp process_thread
# 154 "chapters/510-loop.md"
read_lguest:
    cli
    call read_clock
    .byte 0x0f, 0x3f, HC_lguest_prepare
    cmpl $1, %eax
    jb enter_guest
    je 1f
    cmpl $2, %eax
    je sleep_guest
# 227 "chapters/510-loop.md" # columns -4
    call lock_queue
    .byte 0x0f, 0x3f, HC_lguest_alarm
    movl %eax, LOCAL_APIC + 0x380           # ticks until the timer goes off
    call unlock_queue
    sti
    jmp read_lguest
# 164 "chapters/510-loop.md"
1:  sti
    ret                                 # to process_thread

# 186 "chapters/510-loop.md"
enter_guest:
    .byte 0x0f, 0x3f, HC_lguest_enter
    testl %ecx, %ecx
    jz 1f
    mov %cr0, %edx
    orl $8, %edx                        # TS
    mov %edx, %cr0
1:  pushfl
    lcall $LGUEST_CS, $switch_to_guest
    clts
    .byte 0x0f, 0x3f, HC_lguest_leave
    cmpl $0, %fs:cpu_need_resched
    je 1f
    call schedule
1:  sti
    .byte 0x0f, 0x3f, HC_lguest_trap
    jmp read_lguest
# 215 "chapters/510-loop.md"
sleep_guest:
    call lock_queue
    .byte 0x0f, 0x3f, HC_lguest_sleep
    call schedule_locked
    sti
    jmp read_lguest
`;
