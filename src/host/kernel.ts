// Woven from chapters/410-traps.md, 400-kernel.md, 420-threads.md, 620-cpus.md, 650-everywhere.md, 670-oops.md, 640-scheduler.md, 660-load.md, 662-trouble.md.
// The Host's text: what touches hardware, in assembly.


/** The Host's assembly, without its constants and its trap stubs. */
export const kernelText = `
# 538 "chapters/400-kernel.md"
multiboot_header:
    .long 0x1badb002, 0x00010003    # modules on pages, memory, addresses
    .long -(0x1badb002 + 0x00010003)
    .long IMAGE, IMAGE, 0, 0, IMAGE + 32
# 551 "chapters/400-kernel.md"
start:
    cli
    cld
    movl %ebx, HOST + host_multiboot - KERNEL
# 575 "chapters/400-kernel.md" # columns -4
    movl $END - KERNEL, %esi
    movl 20(%ebx), %ecx             # how many modules
    movl 24(%ebx), %edx             # where their list is
    1:
    testl %ecx, %ecx
    jz 3f
    movl 4(%edx), %eax              # where this one ends
    cmpl %esi, %eax
    jbe 2f
    movl %eax, %esi
    2:
    addl $16, %edx
    decl %ecx
    jmp 1b
    3:
    addl $4095, %esi
    andl $-4096, %esi
# 601 "chapters/400-kernel.md" # columns -4
    movl 8(%ebx), %ecx
    addl $1024, %ecx
    shrl $2, %ecx                   # pages, all told
    cmpl $PAGES_MAX, %ecx
    jbe 1f
    movl $PAGES_MAX, %ecx
    1:
    movl %ecx, %eax
    shll $12, %eax
    movl %eax, HOST + host_memory_end - KERNEL
    movl %ecx, %edx
# 627 "chapters/400-kernel.md" # columns -4
    movl %esi, HOST + host_boot_directory - KERNEL
    movl %esi, %edi
    xorl %eax, %eax
    movl $1024, %ecx
    rep stosl
# 613 "chapters/400-kernel.md" # columns -4
    cmpl $0, HOST + host_small_pages - KERNEL
    jne 4f
# 642 "chapters/400-kernel.md" # columns -4
    mov %cr4, %eax
    orl $0x10, %eax                 # PSE
    mov %eax, %cr4
    movl $0x183, %eax               # P, RW, PS, G
    leal 768 * 4(%esi), %ebx
    1:
    movl %eax, (%ebx)
    addl $4, %ebx
    addl $0x400000, %eax
    subl $1024, %edx
    ja 1b
# 616 "chapters/400-kernel.md" # columns -4
    jmp 5f
    4:
# 664 "chapters/400-kernel.md" # columns -4
    movl $0x103, %eax               # P, RW, G
    1:
    stosl
    addl $4096, %eax
    decl %edx
    jnz 1b
    xorl %eax, %eax
    2:                              # the rest of the last table is empty
    testl $4095, %edi
    jz 3f
    stosl
    jmp 2b
    3:
# 682 "chapters/400-kernel.md" # columns -4
    leal 4096 + 3(%esi), %eax
    leal 768 * 4(%esi), %ebx
    1:
    movl %eax, (%ebx)
    addl $4, %ebx
    addl $4096, %eax
    cmpl %edi, %eax
    jb 1b
# 620 "chapters/400-kernel.md" # columns -4
    5:
# 702 "chapters/400-kernel.md" # columns -4
    movl %edi, %ebp
    xorl %eax, %eax
    movl $2048, %ecx
    rep stosl
    movl $0xfee0011b, (%ebp)        # P, RW, PWT, PCD, G
    leal 4096(%ebp), %eax
    movl %eax, HOST + host_window_ptes - KERNEL
    movl %edi, HOST + host_next_unused - KERNEL
    leal 3(%ebp), %eax
    movl %eax, 1022 * 4(%esi)
    leal 4096 + 3(%ebp), %eax
    movl %eax, 1023 * 4(%esi)
# 727 "chapters/400-kernel.md" # columns -4
    movl 768 * 4(%esi), %eax
    movl %eax, (%esi)
    mov %esi, %cr3
    mov %cr0, %eax
    orl $0x80050002, %eax           # PG, AM, WP, MP
    mov %eax, %cr0
    movl $high, %eax
    jmp *%eax
# 748 "chapters/400-kernel.md" # columns -4
    high:
    movl $0, KERNEL(%esi)
    mov %cr3, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    orl $0x80, %eax                 # PGE
    mov %eax, %cr4
# 762 "chapters/400-kernel.md" # columns -4
    movl $IDLES + 4096, %esp
    movl $host_stubs, %eax
    .byte 0x0f, 0x3f, HC_setup
    movl $CPUS, %edx
    call load_tables
# 560 "chapters/400-kernel.md"
    call wake_cpus
# 568 "chapters/420-threads.md" # columns -4
    call start_module
    movl $1, HOST + host_ready          # the other CPUs may begin
    jmp idle
# 562 "chapters/400-kernel.md"

load_tables:                        # edx: this CPU's struct cpu
# 774 "chapters/400-kernel.md" # columns -4
    lgdt cpu_gdt_limit(%edx)
    lidt cpu_idt_limit(%edx)
    ljmp $KERNEL_CS, $1f
    1:
    movl $KERNEL_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $PER_CPU, %eax
    movl %eax, %fs
    xorl %eax, %eax
    movl %eax, %gs
    lldt %ax
    movl $TASK, %eax
    ltr %ax
# 805 "chapters/400-kernel.md" # columns -4
    movl $0x100 + SPURIOUS_VECTOR, LOCAL_APIC + 0xf0
    movl $0xb, LOCAL_APIC + 0x3e0               # divide by 1
    movl $TIMER_VECTOR, LOCAL_APIC + 0x320      # one-shot
    movl %fs:cpu_mask, %eax
    shll $24, %eax
    movl %eax, LOCAL_APIC + 0xd0                # our bit in a list of CPUs
# 566 "chapters/400-kernel.md"
    ret
# 225 "chapters/620-cpus.md"
wake_cpus:
    cmpl $1, HOST + host_cpus_present
    jbe 3f
    movl $trampoline, %esi
    movl $KERNEL + TRAMPOLINE, %edi
    movl $trampoline_end - trampoline, %ecx
    rep movsb
    movl HOST + host_boot_directory, %ebx
    movl KERNEL + 768 * 4(%ebx), %eax
    movl %eax, KERNEL(%ebx)             # lend entry 0
1:  movl HOST + host_cpus_online, %ecx
    cmpl HOST + host_cpus_present, %ecx
    je 2f
# 250 "chapters/620-cpus.md" # columns -4
    movl %ecx, %eax
    shll $12, %eax
    movl CPUS + cpu_apic_id(%eax), %eax
    shll $24, %eax
    movl %eax, LOCAL_APIC + 0x310           # to whom
    movl $0x4500, LOCAL_APIC + 0x300        # INIT
    movl $0x4600 + TRAMPOLINE / 4096, LOCAL_APIC + 0x300
    4:
    cmpl HOST + host_cpus_online, %ecx
    je 4b
# 239 "chapters/620-cpus.md"
    jmp 1b
2:  movl $0, KERNEL(%ebx)               # and take it back
    mov %cr3, %eax
    mov %eax, %cr3
3:  ret
# 151 "chapters/620-cpus.md"
.balign 4, 0xcc
trampoline:
    .code16
    cli
    mov %cs, %ax
    mov %ax, %ds
    lgdtl trampoline_gdtr - trampoline
    mov %cr0, %eax
    or $1, %al                          # PE
    mov %eax, %cr0
    ljmpl $8, $cpu_wakes - KERNEL
    .code32
trampoline_gdtr:
    .byte 23, 0
    .long TRAMPOLINE + trampoline_gdt - trampoline
trampoline_gdt:
    .long 0, 0, 0x0000ffff, 0x00cf9b00, 0x0000ffff, 0x00cf9300
trampoline_end:
# 177 "chapters/620-cpus.md"
cpu_wakes:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    mov %cr4, %eax
    orl $0x10, %eax                     # PSE
    mov %eax, %cr4
    movl HOST + host_boot_directory - KERNEL, %eax
    mov %eax, %cr3
    movl $0x80050013, %eax              # PG, AM, WP, ET, MP, PE
    mov %eax, %cr0
    movl $awake, %eax
    jmp *%eax

awake:
    mov %cr3, %eax                      # forget what was lent
    mov %eax, %cr3
    mov %cr4, %eax
    orl $0x80, %eax                     # PGE
    mov %eax, %cr4
    movl HOST + host_cpus_online, %edx
    shll $12, %edx
    leal IDLES + 4096(%edx), %esp
    addl $CPUS, %edx
    call load_tables
    lock incl HOST + host_cpus_online
    sti
2:  cmpl $0, HOST + host_ready
    je 2b
    jmp idle
# 276 "chapters/620-cpus.md"
reschedule_interrupt:
    movl $1, %fs:cpu_need_resched
    movl $0, LOCAL_APIC + 0xb0              # end of interrupt
    jmp trap_return
# 49 "chapters/650-everywhere.md"
on_each_cpu:                        # eax: what every CPU is to call
    pushfl
    cli
    pushl %eax
    movl $HOST + host_call_lock, %edx
    call spin_lock
    popl HOST + host_call_function
    movl HOST + host_cpus_online, %ecx
    movl $1, %eax
    shll %cl, %eax
    decl %eax                       # a bit for each
    xchgl %eax, HOST + host_call_waiting
    movl $0xc0000 + CALL_VECTOR, LOCAL_APIC + 0x300
1:  call answer_call                # our own answer is the first
    cmpl $0, HOST + host_call_waiting
    jne 1b
    movl $0, HOST + host_call_lock
    popfl
    ret
# 79 "chapters/650-everywhere.md"
answer_call:
# 179 "chapters/670-oops.md" # columns -4
    cmpl $0, HOST + host_oopsed
    jne stop
# 81 "chapters/650-everywhere.md"
    movl %fs:cpu_mask, %eax
    testl %eax, HOST + host_call_waiting
    jz 1f
    pushal
    call *HOST + host_call_function
    popal
    notl %eax
    lock andl %eax, HOST + host_call_waiting
1:  ret

call_interrupt:
    movl $0, LOCAL_APIC + 0xb0      # end of interrupt
    call answer_call
    jmp trap_return
# 210 "chapters/650-everywhere.md"
flush_tlb_all:
    movl $reload_cr3, %eax
    jmp on_each_cpu
flush_tlb_global:
    movl $toggle_pge, %eax
    jmp on_each_cpu
reload_cr3:
    mov %cr3, %eax
    mov %eax, %cr3
    ret
toggle_pge:
    mov %cr4, %eax
    xorl $0x80, %eax
    mov %eax, %cr4
    xorl $0x80, %eax
    mov %eax, %cr4
    ret
# 304 "chapters/650-everywhere.md"
start_module:
    call lock_allocator
    movl $-17, %eax                 # -EEXIST
    cmpl $0, HOST + host_module_loaded
    jne unlock_allocator            # whose ret is ours
    xorl %eax, %eax
    call init_module
    testl %eax, %eax
    jnz unlock_allocator
    movl $1, HOST + host_module_loaded
    jmp unlock_allocator
# 324 "chapters/650-everywhere.md"
load_module:
    call start_module
    pushl %eax
    call start_processes
    call schedule
    popl %eax
    ret

unload_module:
    call lock_allocator
    movl $-16, %eax                 # -EBUSY
    cmpl $0, HOST + host_module_loaded
    je unlock_allocator
    xorl %eax, %eax
    call exit_module
    testl %eax, %eax
    jnz unlock_allocator
    movl %eax, HOST + host_module_loaded
    jmp unlock_allocator
# 625 "chapters/420-threads.md"
start_processes:
    call lock_allocator
    .byte 0x0f, 0x3f, HC_next_process
    testl %eax, %eax
    jz unlock_allocator                 # whose ret is ours
    movl $thread_start, %eax
    movl $program_start, %edx
    .byte 0x0f, 0x3f, HC_create_process
    movl %eax, %esi
    call unlock_allocator
    testl %esi, %esi
    jz start_processes                  # it could not be
    call lock_queue
    call read_clock
    movl %esi, %eax
    .byte 0x0f, 0x3f, HC_enqueue
    call unlock_queue
    jmp start_processes
# 578 "chapters/420-threads.md"
idle:
    cli
    call reap
    call start_processes
    testl %ecx, %ecx                    # how many, as the lock saw them
    jz stop
    call schedule
    cmpl $0, HOST + host_zombies
    jne idle
    sti
    hlt
    jmp idle
# 598 "chapters/420-threads.md"
reap:
    call lock_queue
    .byte 0x0f, 0x3f, HC_take_zombie
    movl %eax, %esi
    call unlock_queue
    testl %esi, %esi
    jz 1f
    call lock_allocator
    movl %esi, %eax
    .byte 0x0f, 0x3f, HC_free_thread
    call unlock_allocator
    jmp reap
1:  ret
# 106 "chapters/420-threads.md"
spin_lock:                          # edx: the lock
    movl %fs:cpu_self, %ecx
1:  xorl %eax, %eax
    lock cmpxchgl %ecx, (%edx)
    je 2f
spin_wait:
    call answer_call                # whoever waits, answers
    cmpl $0, (%edx)
    jne spin_wait
    jmp 1b
2:  ret
# 135 "chapters/420-threads.md"
lock_queue:
    movl $HOST + host_queue_lock, %edx
    jmp spin_lock
unlock_queue:
    movl $0, HOST + host_queue_lock
    ret
lock_allocator:
    movl $HOST + host_allocator_lock, %edx
    jmp spin_lock
unlock_allocator:
    movl $0, HOST + host_allocator_lock
    ret
# 451 "chapters/420-threads.md"

schedule:
    call lock_queue
schedule_locked:
    call read_clock
    .byte 0x0f, 0x3f, HC_pick_next
    movl %edx, LOCAL_APIC + 0x380       # ticks until the timer goes off
    jecxz 1f
    shll $24, %ecx
    movl %ecx, LOCAL_APIC + 0x310       # to whom: a bit for each
    movl $0x800 + RESCHEDULE_VECTOR, LOCAL_APIC + 0x300
1:
    cmpl %fs:cpu_current, %eax
    je unlock_queue
    call switch_thread
    jmp unlock_queue

read_clock:
    rdtsc
    movl %eax, %fs:cpu_now
    movl %edx, %fs:cpu_now + 4
    ret
# 229 "chapters/420-threads.md"
switch_thread:                      # eax: the next thread
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    movl %fs:cpu_current, %edx
    movl %esp, thread_esp(%edx)
    movl %eax, %fs:cpu_current
    movl thread_esp(%eax), %esp
# 253 "chapters/420-threads.md" # columns -4
    leal 4096(%eax), %ecx
    movl %ecx, %fs:cpu_task + 4         # esp0
    movl thread_directory(%eax), %ecx
    cmpl thread_directory(%edx), %ecx
    je 1f
    mov %ecx, %cr3
    1:
# 239 "chapters/420-threads.md"
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret
# 479 "chapters/420-threads.md"
thread_start:
    call unlock_queue
    jmp process_thread
# 175 "chapters/640-scheduler.md"
move_interrupt:
    movl $0, LOCAL_APIC + 0xb0              # end of interrupt
    call lock_queue
    .byte 0x0f, 0x3f, HC_move_threads
    call unlock_queue
    jmp trap_return
# 268 "chapters/640-scheduler.md"
news_interrupt:
    movl $0, LOCAL_APIC + 0xb0              # end of interrupt
    call lock_queue
    .byte 0x0f, 0x3f, HC_take_news
    call unlock_queue
    jmp trap_return
# 519 "chapters/420-threads.md"
exit_process:
    call lock_queue
    .byte 0x0f, 0x3f, HC_cancel_alarm
    movl HOST + host_boot_directory, %eax
    mov %eax, %cr3
    movl %fs:cpu_current, %edx
    movl %eax, thread_directory(%edx)
    call unlock_queue
    call lock_allocator
    .byte 0x0f, 0x3f, HC_free_process
    call unlock_allocator
    call lock_queue
    .byte 0x0f, 0x3f, HC_exit_thread
    call schedule_locked            # and never comes back
# 307 "chapters/410-traps.md"
stop:
    cli
    movl $0x10000, LOCAL_APIC + 0x320
1:  hlt
    jmp 1b
# 205 "chapters/410-traps.md"
trap_common:
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    pushal
    cld
    movl $KERNEL_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $PER_CPU, %eax
    movl %eax, %fs
    movl frame_vector(%esp), %eax
    jmp *vector_table(,%eax,4)
unexpected:
# 271 "chapters/410-traps.md" # columns -4
    movl $1, %eax
    xchgl %eax, HOST + host_oopsed
    testl %eax, %eax
    jnz stop                            # not the first
    movl $0xc0000 + STOP_VECTOR, LOCAL_APIC + 0x300
    movl $0xc0400, LOCAL_APIC + 0x300   # NMI
    movl %esp, %eax
    .byte 0x0f, 0x3f, HC_oops
    jmp stop
    nmi_interrupt:
    cmpl $0, HOST + host_oopsed
    je unexpected
    jmp stop
# 238 "chapters/410-traps.md"
timer_interrupt:
    incl %fs:cpu_ticks
    movl $1, %fs:cpu_need_resched
    movl $0, LOCAL_APIC + 0xb0              # end of interrupt
    call lock_queue
    call read_clock
    .byte 0x0f, 0x3f, HC_tick
    call unlock_queue
trap_return:
    cmpl $0, %fs:cpu_need_resched
    je 1f
    testl $0x200, frame_eflags(%esp)
    jz 1f
    call schedule
# 510 "chapters/660-load.md" # columns -4
    1:  testb $3, frame_cs(%esp)
        jz 2f
        cmpl $0, HOST + programs_left
        je program_told
    2:
# 253 "chapters/410-traps.md"
    popal
    popl %gs
    popl %fs
    popl %es
    popl %ds
    addl $8, %esp
    iret
# 370 "chapters/660-load.md"
program_start:
    call unlock_queue
    jmp trap_return

system_call:
    movl frame_eax(%esp), %eax
    cmpl $SYSTEM_CALLS, %eax
    jb 1f
    xorl %eax, %eax
1:  call *system_calls(,%eax,4)
    movl %eax, frame_eax(%esp)
    jmp trap_return

sys_unknown:
    movl $-38, %eax                     # ENOSYS
    ret
sys_getpid:
    movl %fs:cpu_current, %edx
    movl thread_program(%edx), %edx
    movl program_pid(%edx), %eax
    ret
sys_getcpu:
    .byte 0x0f, 0x3f, HC_getcpu
    ret
# 401 "chapters/660-load.md"
sys_sched_yield:
    call lock_queue
    call read_clock
    .byte 0x0f, 0x3f, HC_sched_yield
    jmp 1f
sys_nanosleep:
    call lock_queue
    call read_clock
    .byte 0x0f, 0x3f, HC_nanosleep
    jmp 1f
sys_sched_setaffinity:
    call lock_queue
    .byte 0x0f, 0x3f, HC_sched_setaffinity
1:  movl %eax, %esi
    call schedule_locked
    movl %esi, %eax
    ret
# 70 "chapters/662-trouble.md"
debug_trap:
    movl %fs:cpu_current, %edx
    cmpl $0, thread_program(%edx)
    je unexpected
    testb $3, frame_cs(%esp)
    jz trap_return
# 35 "chapters/662-trouble.md"
program_fault:
    testb $3, frame_cs(%esp)
    jz unexpected
    movl $PROGRAM_TRAPPED, %esi
    jmp end_program
# 460 "chapters/660-load.md"
program_told:
    movl $PROGRAM_TOLD, %esi
    jmp end_program
sys_exit:
    movl $PROGRAM_EXITED, %esi
end_program:
    call lock_allocator
    movl %esi, %eax
    .byte 0x0f, 0x3f, HC_end_program
    call unlock_allocator
    jmp exit_process
`;
