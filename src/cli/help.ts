// Woven from chapters/808-command.md.
/** What `lguest --help` prints. */
export const HELP = `usage: lguest [run] [options]
       lguest machine [options]
       lguest explore [options]
       lguest symbols -o FILE [--world host|guest] [--switcher FILE]
                      [--kernel default@TEXT/STACK]

run boots Guests under lguest on a machine of their own. Without options it
is one of ours: at a terminal one that can be asked, with a prompt, and in a
pipe one that says what it finds, runs some programs and powers off. machine
runs a bare machine without lguest, its COM1 on the terminal. explore looks
for a way to let the CPUs take turns that breaks something. symbols writes a
file by which gdb knows names and lines.

  --kernel FILE          run: a kernel that speaks the lguest ABI, a bzImage
                         or a 32-bit ELF file, not position independent;
                         or ours: default@TEXT/STACK, linked at these
                         addresses, or monitor@, which can be asked
                         machine: a multiboot kernel, a bzImage, or Linux'
                         vmlinux
  --append TEXT          the kernel's command line
  --initrd FILE          its initial RAM disk
  --memory MiB           each Guest's or the bare machine's memory (64)
  --cpus N               the machine's CPUs (1 to 8; 1)
  --schedule NAME[:N]    how the CPUs take turns, round-robin or random,
                         of up to N instructions (round-robin:1000, for
                         bare machines 997)
  --seed N               seed of the machine's random numbers (1)
  --pge all-cpus|this-cpu
                         where lguest turns PGE off (all-cpus)
  --host-pages 4m|4k     how the Host maps its low memory (4m)
  --abi extended|strict  with NOTIFY as a console, or without, as lguest
                         since Linux 4.1 (extended)
  --max-instructions N   give up when N instructions have retired
  --snapshot FILE        keep the machine in a file: at the end, or
    --at N               when N instructions have retired
  --restore FILE         go on with such a machine
  --record FILE          write the run down, with all that is typed
  --replay FILE          run it again, bit for bit
  --reboot               a reset, or a Guest's wish for one, starts it
                         again; else it ends the run
  --interpreter generated|plain
                         what executes most instructions: a function made
                         for it, or the slow way, which is the standard of
                         what is right; the outcome is the same (generated)
  --trace                write each instruction to standard error
  --trace-file FILE      ... or to a file
  --gdb [PORT]           let gdb in at a port of the loopback (1234)
    --wait               wait for it before the first instruction
  --help, --version

For run alone:
  --block FILE[:ro|:cow] a disk that is in a file; may be repeated. What
                         its Guest flushes is written there, unless it can't
                         be written to (ro), or is forgotten in the end (cow)
  --net NAME             a network card at a switch of this name; may be
                         repeated
  --rng                  a source of random numbers
  --guest SPEC           a Guest; may be repeated, for up to 32. SPEC is
                         default, or some of name=NAME, kernel=FILE,
                         initrd=FILE, memory=MiB, cpu=N, block=FILE[:ro|:cow],
                         net=NAME, rng, and at the end append=TEXT, with
                         commas between them. Of several Guests each line
                         has the name in front
  --net-dump FILE        write down what passes the switches, for tcpdump
  --pin CPU              keep Guests without a cpu of their own there
  --migrate-at N=CPU     move Guests to a CPU when N instructions have
                         retired; may be repeated
  --migrate-every N      move them to the next CPU after each N
  --host-policy free|one-cpu
                         whether the Host lets Guests move (free)
  --pte-page per-cpu|one|one-pair
                         whose table Guests have for the Switcher's pages:
                         their CPU's, one for all CPUs, or one with pages
                         for a single CPU (per-cpu)
  --host-load N          programs of the Host's own beside them (0 to 16; 0)
    --load-on CPU        all of them on this CPU
  --tlb DATA/CODE        entries of each CPU's TLBs (64/32; up to 4096), or
        unlimited        as many as there can be, or
        forgets-globals  one whose global entries go with the others
  --switcher FILE        another Switcher, in AT&T syntax, or
        with-globals     the one of old, for one CPU
  --input                type what comes in on standard input to the first
                         Guest, if it is no terminal
  --check NAME           report what breaks a rule: locks, tlb; may be
                         repeated
  --timeline [FROM-TO]   draw where each CPU was, in the whole run or between
                         two instructions, to standard error at its end;
                         with --check tlb stale translations, too
  --stats                tell at the end what each Guest's world switches
                         were for, to standard error
    --json               ... in one line of JSON

For machine alone:
  --rom FILE             a ROM of 64, 128 or 256 KiB: start at its reset
                         vector
  --module FILE[=TEXT]   a file for a multiboot kernel; may be repeated
  --post-port PORT       print what is written to this port (0x80)
  --date DATE            what the clock shows at first (2007-10-09T20:31:38)

For explore, with the options that say what run runs:
  --until WHAT           what to look for: oops, the Host dies; kill, a Guest
                         is killed or shuts down with a message; hang, it
                         never ends; wrong, it says something else; stale or
                         locks, --check tlb or locks reports (oops)
  --schedules N          try so many (1 to 1000000; 1000), drawn by --seed,
    --changes N          in which the CPU in front falls behind so often
                         (0 to 100; 3)
  --max-instructions N   of one run (10000000)
  --workers N            threads to do it (1 to 64; one for each processor)
  --record FILE          write the shortest one down, for run --replay
Its exit status: 0 found; 1 not found; 2 wrong usage or input.

For symbols alone:
  --output FILE, -o FILE an ELF file for gdb; its lines are the chapters'
  --world host|guest     whose kernel is in it, beside the Switcher (host)

What a Guest prints, or the machine sends on COM1 and the debug console,
goes to standard output. On a terminal what is typed goes to COM1, or to a
Guest with a driver for its console. Control-A x leaves; among several Guests
Control-A n and p turn to the next and the one before, 1 to 9 to that one.
Exit status: 0 the Guest powered off or asked for a restart, or the machine
was reset or halted for good, or somebody left; 1 a Guest was killed or shut
down with another message, or the machine triple-faulted; 2 wrong usage or
input; 3 the Host oopsed, or a check reported something and else it were 0;
4 the instruction budget ran out, or the terminal was closed. Of several
Guests the worst counts: 4, 1, 0. The machine's exit device, port 0xF4, ends
it with status (value << 1) | 1.
`;
