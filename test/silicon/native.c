/* The judge: runs cases on the processor that this program runs on.
 *
 * 1. main reads an LDT and a batch of cases, maps the three pages of data and
 *    the two of code where both machines have them, and traps once on
 *    purpose.
 * 2. From there everything happens in one signal handler. It notes how the
 *    last case ended, and writes the registers of the next one into the
 *    context it was given; the kernel's sigreturn then loads all of them at
 *    once, flags and stack pointer included, which no C function can.
 * 3. A case ends by a trap: the int3 that fills the code pages, or whatever
 *    it does wrong. The handler has a stack of its own.
 * 4. After the last case the handler puts main's registers back.
 *
 * All numbers on both pipes are 32-bit little-endian words; case.ts draws
 * the layouts.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

typedef unsigned int u32;

#define PAGE 0x1000u
#define DATA 0x10000000u          /* pages 0 and 1 writable, 2 only readable */
#define WORDS (2 * PAGE / 4)      /* of the writable pages */
#define CODE 0x20000000u          /* two pages of int3 */
#define STACK (64 * 1024)
#define FILLS 64

/* What a case may choose of EFLAGS: AC OF DF SF ZF AF PF CF. */
#define CHOSEN 0x40cd5u

static u32 *input, *input_end;    /* what is left of the batch */
static u32 output[1 << 16], *out = output;
static u32 before[WORDS];         /* the data before the case ran */
static u32 fills[FILLS][WORDS];
static u32 code_bytes;             /* of the case that runs */
static u32 code_at;
static u32 window_selector;       /* FS: just the data pages, base DATA */
static gregset_t home;
static int running;

static const int segments[] = { REG_ES, REG_CS, REG_SS, REG_DS, REG_FS,
	REG_GS };

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static void flush(void)
{
	char *p = (char *)output;

	while (p < (char *)out) {
		ssize_t n = write(1, p, (char *)out - p);
		if (n <= 0)
			_exit(4);
		p += n;
	}
	out = output;
}

/* The same numbers as fillWords() in case.ts: many of them at the edges. */
static void fill(u32 *to, u32 x)
{
	for (u32 i = 0; i < WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		switch (x >> 28) {
		case 0: to[i] = 0; break;
		case 1: to[i] = 0xffffffff; break;
		case 2: to[i] = 0x80000000; break;
		case 3: to[i] = x & 0xff; break;
		default: to[i] = x;
		}
	}
}

/* How the case ended: the registers, the trap, and which words of data are
 * not what they were. */
static void record(const greg_t *r)
{
	static const int order[] = { REG_EAX, REG_ECX, REG_EDX, REG_EBX,
		REG_ESP, REG_EBP, REG_ESI, REG_EDI, REG_EIP, REG_EFL,
		REG_TRAPNO, REG_ERR };
	const u32 *data = (const u32 *)DATA;
	u32 *count;

	for (u32 i = 0; i < sizeof order / sizeof *order; i++)
		*out++ = r[order[i]];
	*out++ = 0;               /* CR2 lies behind the gregs: see handler */
	for (u32 i = 0; i < sizeof segments / sizeof *segments; i++)
		*out++ = r[segments[i]] & 0xffff;
	count = out++;
	*count = 0;
	for (u32 i = 0; i < WORDS; i++)
		if (data[i] != before[i]) {
			*out++ = DATA + 4 * i;
			*out++ = data[i];
			++*count;
		}
	memset((void *)code_at, 0xcc, code_bytes);
}

/* Data, code and registers of the next case. */
static void load(greg_t *r)
{
	static const int order[] = { REG_EAX, REG_ECX, REG_EDX, REG_EBX,
		REG_ESP, REG_EBP, REG_ESI, REG_EDI };
	u32 patches;

	for (int i = 0; i < 8; i++)
		r[order[i]] = *input++;
	r[REG_UESP] = r[REG_ESP];
	r[REG_EFL] = (r[REG_EFL] & ~CHOSEN) | (*input++ & CHOSEN);
	memcpy(before, fills[*input++ % FILLS], sizeof before);
	code_at = *input++;
	code_bytes = *input++;
	memcpy((void *)code_at, input, code_bytes);
	input += (code_bytes + 3) / 4;
	for (patches = *input++; patches; patches--, input += 2)
		memcpy((char *)before + (input[0] - DATA), input + 1, 4);
	memcpy((void *)DATA, before, sizeof before);
	r[REG_EIP] = *input++;
	for (int i = 0; i < 6; i++, input++)
		r[segments[i]] = *input != ~0u ? *input
			: segments[i] == REG_FS ? window_selector
			: (u32)home[segments[i]];
}

static void handler(int signal, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
	greg_t *r = m->gregs;

	(void)signal, (void)info;
	/* Alignment is the case's business, not ours. */
	__asm__ volatile("pushfl; andl $~0x40000,(%%esp); popfl" : : : "memory",
		"cc");
	if (running) {
		/* The case may have loaded the one that libc lives on. */
		__asm__ volatile("mov %0,%%gs" : : "r"(home[REG_GS]));
		u32 *start = out;
		record(r);
		start[12] = r[REG_TRAPNO] == 14 ? m->cr2 : 0;
		if (out - output > (1 << 16) - 2 * (int)WORDS - 64)
			flush();
	} else {
		memcpy(home, r, sizeof home);
		running = 1;
	}
	if (input < input_end)
		load(r);
	else
		memcpy(r, home, sizeof home);
}

static void map(u32 at, u32 pages, int protection)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE;

	if (mmap((void *)at, pages * PAGE, protection, flags, -1, 0)
	    == MAP_FAILED)
		die("mmap");
}

/* A segment that holds the data pages and nothing else: with it 16-bit
 * addresses reach them, and a limit can be overrun. */
static void make_window(void)
{
	struct user_desc d = { .entry_number = -1, .base_addr = DATA,
		.limit = 3 * PAGE - 1, .seg_32bit = 1, .useable = 1 };

	if (syscall(SYS_set_thread_area, &d))
		die("set_thread_area");
	window_selector = d.entry_number * 8 + 3;
}

/* The LDT that the pipe begins with. */
static void make_locals(void)
{
	u32 count = *input++;

	for (u32 i = 0; i < count; i++, input += 3) {
		u32 d[4] = { i, input[0], input[1], input[2] };

		if (syscall(SYS_modify_ldt, 0x11, d, sizeof d))
			die("modify_ldt");
	}
}

static void read_input(void)
{
	u32 room = 1 << 20, used = 0;
	char *p = malloc(room);
	ssize_t n;

	while (p && (n = read(0, p + used, room - used)) > 0)
		if ((used += n) == room)
			p = realloc(p, room *= 2);
	if (!p)
		die("memory for the cases");
	input = (u32 *)p;
	input_end = (u32 *)(p + used);
}

int main(int count, char **arguments)
{
	static const int signals[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGFPE,
		SIGILL };
	stack_t stack = { .ss_size = STACK };
	struct sigaction action = { .sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	/* Nothing of ours at a random place: the same seed, the same map. */
	(void)count;
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)
	    && personality(ADDR_NO_RANDOMIZE) != -1)
		execv("/proc/self/exe", arguments);

	for (u32 i = 0; i < FILLS; i++)
		fill(fills[i], i + 1);
	map(DATA, 3, PROT_READ | PROT_WRITE);
	memcpy((void *)(DATA + 2 * PAGE), fills[0], PAGE);
	mprotect((void *)(DATA + 2 * PAGE), PAGE, PROT_READ);
	map(CODE, 2, PROT_READ | PROT_WRITE | PROT_EXEC);
	memset((void *)CODE, 0xcc, 2 * PAGE);
	make_window();
	read_input();
	make_locals();

	stack.ss_sp = malloc(STACK);
	if (!stack.ss_sp || sigaltstack(&stack, NULL))
		die("sigaltstack");
	sigfillset(&action.sa_mask);
	for (u32 i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
	alarm(900);

	__asm__ volatile("int3" ::: "memory");

	/* Last the selectors, so that the other machine can have the same. */
	*out++ = home[REG_CS] & 0xffff;
	*out++ = home[REG_SS] & 0xffff;
	*out++ = home[REG_DS] & 0xffff;
	*out++ = window_selector;
	*out++ = home[REG_GS] & 0xffff;
	flush();
	return 0;
}
