// The kernels that need a machine of their own: what a system costs.
#include "bench.h"

#define TABLES 8  // of 4 MiB each
enum { PRESENT = 1, WRITABLE = 2, USER = 4 };

u32 page_directory[1024] __attribute__((aligned(PAGE)));
u32 page_tables[1024 * TABLES] __attribute__((aligned(PAGE)));

// All memory where it is, for all rings; gives the directory.
u32 map_memory(void) {
  for (u32 i = 0; i < 1024 * TABLES; i++)
    page_tables[i] = i * PAGE | PRESENT | WRITABLE | USER;
  for (u32 i = 0; i < TABLES; i++)
    page_directory[i] = (u32) (page_tables + 1024 * i) | PRESENT | WRITABLE | USER;
  return (u32) page_directory;
}

static void invlpg(volatile void *at) {
  __asm__ volatile ("invlpg (%0)" : : "r" (at) : "memory");
}

static void load_cr3(void) {
  __asm__ volatile ("mov %0, %%cr3" : : "r" (page_directory) : "memory");
}

u32 count_traps(u32 n), alternate(u32 n), in_ring_3(u32 (*f)(u32), u32 n);
u32 jump_other(u32 n), jump_same(u32 n);

static u32 int_0(u32 n) { return count_traps(n); }
static u32 int_3(u32 n) { return in_ring_3(count_traps, n); }

static void clear_area(void) {
  for (u32 at = 0; at < 64 * PAGE; at += PAGE) *(volatile u32 *) (area + at) = at;
}

static u32 cr3(u32 n) {
  u32 sum = 0;
  for (; n; n--) {
    load_cr3();
    sum = sum * 3 + 1;
  }
  return sum;
}

static u32 cr3_64(u32 n) {
  u32 sum = 0;
  for (; n; n--) {
    load_cr3();
    for (u32 at = 0; at < 64 * PAGE; at += PAGE)
      sum = sum * 3 + *(volatile u32 *) (area + at);
  }
  return sum;
}

static u32 touch_64(u32 n) {
  u32 sum = 0;
  for (; n; n--)
    for (u32 at = 0; at < 64 * PAGE; at += PAGE)
      sum = sum * 3 + *(volatile u32 *) (area + at);
  return sum;
}

static u32 forget(u32 n) {
  u32 sum = 0;
  for (; n; n--) {
    invlpg(area + PAGE);
    sum = sum * 3 + *(volatile u32 *) (area + PAGE);
  }
  return sum;
}

extern volatile u32 faults;

// The page goes, is missed, comes back in the handler, and is read.
static u32 fault(u32 n) {
  u32 sum = 0;
  volatile u32 *pte = page_tables + (u32) area / PAGE + 1;
  faults = 0;
  for (; n; n--) {
    *pte &= ~(u32) PRESENT;
    invlpg(area + PAGE);
    sum = sum * 3 + *(volatile u32 *) (area + PAGE);
  }
  return sum + faults;
}

static u32 port(u32 n) {
  u32 sum = 0;
  for (; n; n--) {
    u8 value;
    __asm__ volatile ("inb $0x80, %0" : "=a" (value));
    sum = sum * 3 + (value & 0) + 1;
  }
  return sum;
}

extern u32 (*ring_0_step)(void);
u32 step_here(void), step_elsewhere(void);

static u32 rings(u32 n) {
  ring_0_step = step_here;
  return in_ring_3(alternate, n);
}

static u32 rings_apart(u32 n) {
  ring_0_step = step_elsewhere;
  return in_ring_3(alternate, n);
}

static u32 ring_0(u32 n) {
  ring_0_step = step_here;
  return alternate(n);
}

const struct kernel system_kernels[] = {
  { "int-0", int_0, 0 }, { "int-3", int_3, 0 },
  { "cr3", cr3, 0 }, { "cr3-64", cr3_64, clear_area },
  { "touch-64", touch_64, clear_area },
  { "invlpg", forget, clear_area }, { "fault", fault, clear_area },
  { "port", port, 0 },
  { "rings", rings, 0 }, { "rings-apart", rings_apart, 0 },
  { "ring-0", ring_0, 0 },
  { "segment-other", jump_other, 0 }, { "segment-same", jump_same, 0 },
  { 0, 0, 0 },
};
