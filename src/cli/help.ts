// Woven from chapters/808-command.md.
/** What `lguest --help` prints. */
export const HELP = `usage: lguest [run] [options]
       lguest machine [options]

run boots a Guest under lguest on a machine of its own. Without options it
is the default Guest, which says what it finds and powers off. machine runs
a bare machine without lguest, its COM1 on the terminal.

  --kernel FILE          run: a kernel that speaks the lguest ABI, a bzImage
                         or a 32-bit ELF file, not position independent
                         machine: a multiboot kernel, a bzImage, or Linux'
                         vmlinux
  --append TEXT          the kernel's command line
  --initrd FILE          its initial RAM disk
  --memory MiB           the Guest's or the bare machine's memory (64)
  --cpus N               the machine's CPUs (1)
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
  --trace                write each instruction to standard error
  --trace-file FILE      ... or to a file
  --gdb [PORT]           let gdb in at a port of the loopback (1234)
    --wait               wait for it before the first instruction
  --help, --version

For machine alone:
  --rom FILE             a ROM of 64, 128 or 256 KiB: start at its reset
                         vector
  --module FILE[=TEXT]   a file for a multiboot kernel; may be repeated
  --post-port PORT       print what is written to this port (0x80)
  --date DATE            what the clock shows at first (2007-10-09T20:31:38)

What the Guest prints, or the machine sends on COM1 and the debug console,
goes to standard output. On a terminal what is typed goes to COM1, and
Control-A x leaves. Exit status: 0 the Guest powered off or asked for a
restart, or the machine was reset or halted for good; 1 a Guest was killed
or shut down with another message, or the machine triple-faulted; 2 wrong
usage or input; 3 the Host oopsed; 4 the instruction budget ran out. The
machine's exit device, port 0xF4, ends it with status (value << 1) | 1.
`;
