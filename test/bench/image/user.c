// The kernels that any process can run.
#include "bench.h"

static u32 next(u32 x) {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ x << 5;
}

// ---- Integers. An iteration is a few hundred steps.

static u32 xorshift(u32 n) {
  u32 x = 1;
  for (n *= 256; n; n--) x = next(x);
  return x;
}

static u32 crc_table[256];

static void prepare_crc32(void) {
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
    crc_table[i] = c;
  }
  for (u32 i = 0; i < 256; i++) area[i] = (u8) (i * 7);
}

static u32 crc32(u32 n) {
  u32 c = ~0u;
  for (; n; n--)
    for (u32 i = 0; i < 256; i++) c = c >> 8 ^ crc_table[(c ^ area[i]) & 255];
  return ~c;
}

APART static u32 primes_below(u32 end) {
  u32 count = 0;
  for (u32 i = 2; i < end; i++) area[i] = 1;
  for (u32 i = 2; i < end; i++) {
    if (!area[i]) continue;
    count++;
    for (u32 j = i * i; j < end; j += i) area[j] = 0;
  }
  return count;
}

static u32 sieve(u32 n) {
  u32 sum = 0;
  for (; n; n--) sum = sum * 5 + primes_below(1024);
  return sum;
}

static u32 muldiv(u32 n) {
  u32 x = 12345, sum = 0;
  for (n *= 64; n; n--) {
    x = x * 1664525 + 1013904223;
    u32 divisor = (sum & 0xffff) | 1;
    sum += x / divisor + x % divisor;
    sum ^= (u32) ((u64) x * sum >> 32);
  }
  return sum;
}

static u32 adc(u32 n) {
  u64 a = 1, b = 0x123456789abcdefull;
  for (n *= 128; n; n--) {
    a += b;
    b += a << 1 | a >> 63;
    a -= 0x100000001ull;
  }
  return (u32) a ^ (u32) (b >> 32);
}

// 2^18 lines of 64 bytes, each with the number of another one: a walk that
// comes to all of them before it repeats itself.
#define LINES (1 << 18)

static void prepare_chase(void) {
  for (u32 i = 0; i < LINES; i++)
    *(u32 *) (area + 64 * i) = (i * 0x9e3775 + 0x12345) % LINES;
}

static u32 chase(u32 n) {
  u32 at = 0, sum = 0;
  for (n *= 64; n; n--) sum += at = *(volatile u32 *) (area + 64 * at);
  return sum;
}

static void prepare_bytes(void) {
  u32 x = 7;
  for (u32 i = 0; i < 512; i++) area[i] = (u8) ((x = next(x)) % 95 + 32);
  area[512] = 0;
}

APART static u32 turn_case(u8 *at) {
  u32 words = 0, before = ' ';
  for (; *at; before = *at++) {
    if (*at >= 'a' && *at <= 'z') *at = (u8) (*at - 32);
    else if (*at >= 'A' && *at <= 'Z') *at = (u8) (*at + 32);
    if (*at != ' ' && before == ' ') words++;
  }
  return words;
}

static u32 bytes(u32 n) {
  u32 sum = 0;
  for (; n; n--) sum = sum * 3 + turn_case(area) + area[n % 512];
  return sum;
}

APART static u32 fibonacci(u32 n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static u32 recursion(u32 n) {
  u32 sum = 0;
  for (; n; n--) sum = sum * 7 + fibonacci(8 + (n & 1));
  return sum;
}

APART static void sort(u32 *from, u32 *to) {
  while (to - from > 1) {
    u32 pivot = from[(to - from) / 2], *low = from, *high = to - 1;
    while (low <= high) {
      while (*low < pivot) low++;
      while (*high > pivot) high--;
      if (low > high) break;
      u32 kept = *low;
      *low++ = *high;
      *high-- = kept;
    }
    sort(from, high + 1);
    from = low;
  }
}

static u32 quicksort(u32 n) {
  u32 x = 99, sum = 0, *numbers = (u32 *) area;
  for (; n; n--) {
    for (u32 i = 0; i < 64; i++) numbers[i] = x = next(x);
    sort(numbers, numbers + 64);
    for (u32 i = 0; i < 64; i += 9) sum = sum * 3 + numbers[i];
  }
  return sum;
}

APART static u32 add(u32 x) { return x + 0x1357; }
APART static u32 xor(u32 x) { return x ^ 0x5a5a; }
APART static u32 rotate(u32 x) { return x << 7 | x >> 25; }
APART static u32 triple(u32 x) { return x * 3; }

static u32 (*const volatile steps[4])(u32) = { add, xor, rotate, triple };

static u32 indirect(u32 n) {
  u32 x = 1;
  for (n *= 64; n; n--) x = steps[(x >> 3 ^ n) & 3](x);
  return x;
}

// A machine with a stack, for a program that mixes and counts down.
enum { PUSH, DUP, SWAP, OVER, ADD, SUB, XOR, MUL, SHR, JUMP_IF, DROP, END };

static const volatile u8 program[] = {
  PUSH, 40,                                   // sum, left
  SWAP, OVER, ADD, PUSH, 17, MUL, PUSH, 11, ADD,
  DUP, PUSH, 5, SHR, XOR,                     // left, mixed
  SWAP, PUSH, 1, SUB, DUP, JUMP_IF, 2,        // mixed, left - 1
  DROP, END,
};

APART static u32 interpret(u32 sum) {
  u32 stack[64], *top = stack;
  *top = sum;
  for (const volatile u8 *at = program;;) {
    switch (*at++) {
      case PUSH: *++top = *at++; break;
      case DUP: top[1] = *top; top++; break;
      case SWAP: { u32 kept = *top; *top = top[-1]; top[-1] = kept; break; }
      case OVER: top[1] = top[-1]; top++; break;
      case ADD: top--; *top += top[1]; break;
      case SUB: top--; *top -= top[1]; break;
      case XOR: top--; *top ^= top[1]; break;
      case MUL: top--; *top *= top[1]; break;
      case SHR: top--; *top >>= top[1]; break;
      case JUMP_IF: at = *top-- ? program + *at : at + 1; break;
      case DROP: top--; break;
      default: return *top;
    }
  }
}

static u32 bytecode(u32 n) {
  u32 sum = 1;
  for (; n; n--) sum = interpret(sum);
  return sum;
}

// ---- Blocks of memory, an iteration each, from one place to another.

static void prepare_blocks(void) {
  for (u32 i = 1020; i < MIB; i += 1024) *(u32 *) (area + i) = i * 0x10001;
}

static u32 copy(u32 n, u32 size) {
  u32 sum = 0;
  u8 *source = area, *target = area + 8 * MIB;
  for (; n; n--) {
    u8 *from = source, *to = target;
    u32 count = size / 4;
    *(u32 *) source = n;
    __asm__ volatile ("rep movsl"
      : "+S" (from), "+D" (to), "+c" (count) : : "memory");
    sum = sum * 3 + *(u32 *) target + *(u32 *) (target + size - 4);
  }
  return sum;
}

static u32 fill(u32 n, u32 size) {
  u32 sum = 0;
  for (; n; n--) {
    u8 *to = area;
    u32 count = size / 4;
    __asm__ volatile ("rep stosl"
      : "+D" (to), "+c" (count) : "a" (n) : "memory");
    sum = sum * 3 + *(u32 *) area + *(u32 *) (area + size - 4);
  }
  return sum;
}

static u32 copy_4k(u32 n) { return copy(n, 4 << 10); }
static u32 copy_64k(u32 n) { return copy(n, 64 << 10); }
static u32 copy_1m(u32 n) { return copy(n, 1 << 20); }
static u32 fill_4k(u32 n) { return fill(n, 4 << 10); }
static u32 fill_64k(u32 n) { return fill(n, 64 << 10); }
static u32 fill_1m(u32 n) { return fill(n, 1 << 20); }

static u32 loop_64k(u32 n) {
  u32 sum = 0, size = 64 << 10;
  for (; n; n--) {
    volatile u32 *from = (u32 *) area, *to = (u32 *) (area + 8 * MIB);
    *from = n;
    for (u32 i = 0; i < size / 4; i++) to[i] = from[i];
    sum = sum * 3 + to[0] + to[size / 4 - 1];
  }
  return sum;
}

// ---- Memory in its other roles.

static u32 locked(u32 n) {
  u32 word = 0, sum = 0;
  for (; n; n--) {
    sum = sum * 3 + __atomic_fetch_add(&word, n, __ATOMIC_SEQ_CST);
    u32 expected = word;
    __atomic_compare_exchange_n(&word, &expected, sum, 0,
      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    sum += __atomic_exchange_n(&word, n * 3, __ATOMIC_SEQ_CST);
  }
  return sum;
}

// An instruction movl $n, %eax, and a ret; alone in its page.
extern u8 patch[];
u32 call_patch(void);

static u32 patched(u32 n) {
  u32 sum = 0;
  for (; n; n--) {
    *(volatile u32 *) (patch + 1) = n;
    sum = sum * 3 + call_patch();
  }
  return sum;
}

static u32 unpatched(u32 n) {
  u32 sum = 0;
  for (*(volatile u32 *) (patch + 1) = n; n; n--) {
    *(volatile u32 *) area = n;
    sum = sum * 3 + call_patch() + *(volatile u32 *) area;
  }
  return sum;
}

// The same code, here across the end of a page and there within one.
u32 mix_across(u32 n), mix_within(u32 n);

// Sixteen pages here and sixteen there, by turns.
static u32 both(u32 n, u8 *here, u8 *there) {
  u32 x = 1;
  for (; n; n--)
    for (u32 at = 0; at < 16 * PAGE; at += PAGE) {
      *(volatile u32 *) (here + at) += x;
      x = x * 5 + *(volatile u32 *) (there + at);
      *(volatile u32 *) (there + at) = x;
    }
  return x;
}

static void clear_both(void) {
  for (u32 at = 0; at < 64 * PAGE; at += PAGE)
    *(volatile u32 *) (area + at) = *(volatile u32 *) (area + 16 * MIB + at) = 0;
}

static u32 apart_16m(u32 n) { return both(n, area, area + 16 * MIB); }
static u32 apart_else(u32 n) { return both(n, area, area + 16 * MIB + 24 * PAGE); }

static u32 load(u32 n) {
  u32 sum = 0;
  for (; n; n--) sum = sum * 3 + (*(volatile u8 *) area & 0) + 1;
  return sum;
}

const struct kernel user_kernels[] = {
  { "xorshift", xorshift, 0 }, { "crc32", crc32, prepare_crc32 },
  { "sieve", sieve, 0 }, { "muldiv", muldiv, 0 }, { "adc", adc, 0 },
  { "chase", chase, prepare_chase }, { "bytes", bytes, prepare_bytes },
  { "recursion", recursion, 0 }, { "quicksort", quicksort, 0 },
  { "indirect", indirect, 0 }, { "switch", bytecode, 0 },
  { "copy-4k", copy_4k, prepare_blocks },
  { "copy-64k", copy_64k, prepare_blocks },
  { "copy-1m", copy_1m, prepare_blocks },
  { "fill-4k", fill_4k, 0 }, { "fill-64k", fill_64k, 0 },
  { "fill-1m", fill_1m, 0 },
  { "locked", locked, 0 },
  { "patched", patched, 0 }, { "unpatched", unpatched, 0 },
  { "across", mix_across, 0 }, { "within", mix_within, 0 },
  { "apart-16m", apart_16m, clear_both },
  { "apart-else", apart_else, clear_both },
  { "loop-64k", loop_64k, prepare_blocks }, { "load", load, 0 },
  { 0, 0, 0 },
};
