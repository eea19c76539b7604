/* Debug registers, asked of the processor: a child runs a few instructions
 * with breakpoints and single steps, and a tracer notes where it stops.
 *
 * Linux gives a tracer DR0 to DR3, DR6 and DR7 of its child. It sets RF when
 * the child goes on behind a breakpoint on code, so RF is noted only where
 * there was none. All numbers on both pipes are 32-bit little-endian words;
 * breaks.ts draws the layouts.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned int u32;

#define DATA 0x10000000u
#define CODE 0x20000000u
#define MOST 16                   /* stops of a case */
#define RF 0x10000u

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static void put(u32 word)
{
	fwrite(&word, 4, 1, stdout);
}

static long poke(pid_t child, int n, u32 value)
{
	return ptrace(PTRACE_POKEUSER, child,
		(void *)(offsetof(struct user, u_debugreg) + 4 * n),
		(void *)value);
}

static u32 peek(pid_t child, int n)
{
	return ptrace(PTRACE_PEEKUSER, child,
		(void *)(offsetof(struct user, u_debugreg) + 4 * n), NULL);
}

static pid_t begin(const unsigned char *code, u32 length)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		die("fork");
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		memcpy((void *)CODE, code, length);
		raise(SIGSTOP);
		_exit(2);
	}
	if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))
		die("a child to trace");
	return child;
}

/* One case: where it stops, what DR6 says there, and RF. */
static void trace(const u32 *c, const unsigned char *code, u32 length)
{
	struct user_regs_struct r;
	u32 stops[MOST][3], count = 0;
	pid_t child = begin(code, length);
	int status;

	if (ptrace(PTRACE_GETREGS, child, NULL, &r))
		die("registers");
	r.eax = r.esi = DATA;
	r.ebx = DATA + 4;
	r.edi = DATA + 8;
	r.ecx = 3;
	r.edx = 0;
	r.eip = CODE;
	r.eflags = 0x202;
	r.orig_eax = -1;
	if (ptrace(PTRACE_SETREGS, child, NULL, &r))
		die("registers");
	for (int n = 0; n < 4; n++)
		if (poke(child, n, c[n]))
			die("an address of a breakpoint");
	if (poke(child, 7, c[4]))
		die("DR7");
	while (count < MOST) {
		u32 dr6, control = c[4];

		poke(child, 6, 0);
		ptrace(c[5] ? PTRACE_SINGLESTEP : PTRACE_CONT, child, NULL,
			NULL);
		if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)
		    || WSTOPSIG(status) != SIGTRAP)
			break;
		ptrace(PTRACE_GETREGS, child, NULL, &r);
		if (r.eip - CODE >= length)
			break;
		dr6 = peek(child, 6);
		for (int n = 0; n < 4; n++)
			if (dr6 >> n & 1 && !(control >> (16 + 4 * n) & 3))
				r.eflags &= ~RF;
		stops[count][0] = r.eip - CODE;
		stops[count][1] = dr6 & 0xe00f;
		stops[count++][2] = r.eflags & RF;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	put(count);
	for (u32 i = 0; i < count; i++)
		for (int k = 0; k < 3; k++)
			put(stops[i][k]);
}

static void map(u32 at, int protection)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	if (mmap((void *)at, 0x1000, protection, flags, -1, 0) == MAP_FAILED)
		die("mmap");
}

int main(void)
{
	u32 c[7];
	unsigned char code[64];

	map(DATA, PROT_READ | PROT_WRITE);
	map(CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
	memset((void *)CODE, 0xcc, 0x1000);
	while (fread(c, 4, 7, stdin) == 7) {
		if (c[6] > sizeof code || fread(code, 1, sizeof code, stdin)
		    != sizeof code)
			die("a case");
		trace(c, code, c[6]);
	}
	return 0;
}
