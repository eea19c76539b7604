// Runs what the command line asks for: its own name, and then pairs of a
// kernel's name and a number of iterations. Each becomes a line,
//   <>0123abcd
// with the clock running between < and >, and a checksum. A . is the end.
#include "bench.h"

u8 area[AREA] __attribute__((aligned(PAGE)));

static const char *word(const char *text) {
  while (*text && *text != ' ') text++;
  while (*text == ' ') text++;
  return text;
}

static int same(const char *name, const char *text) {
  while (*name && *name == *text) name++, text++;
  return !*name && (!*text || *text == ' ');
}

static u32 number(const char *text) {
  u32 n = 0;
  while (*text >= '0' && *text <= '9') n = 10 * n + (u32) (*text++ - '0');
  return n;
}

static const struct kernel *find(const struct kernel *list, const char *text) {
  for (; list->name; list++)
    if (same(list->name, text)) return list;
  return 0;
}

static void put_hex(u32 value) {
  for (int shift = 28; shift >= 0; shift -= 4)
    put("0123456789abcdef"[value >> shift & 15]);
  put('\n');
}

void bench(const char *text) {
  for (text = word(text); *text; text = word(text)) {
    const struct kernel *kernel = find(user_kernels, text);
    if (!kernel) kernel = find(system_kernels, text);
    if (!kernel) put('?'), leave(2);
    text = word(text);
    if (kernel->prepare) kernel->prepare();
    put('<');
    u32 sum = kernel->run(number(text));
    put('>');
    put_hex(sum);
  }
  put('.');
  leave(0);
}
