// What the files of the image share.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

struct kernel {
  const char *name;
  u32 (*run)(u32 n);      // n iterations; gives a checksum
  void (*prepare)(void);  // before the clock runs; may be 0
};

// What any process could do, and what needs a machine of one's own; each
// list ends with an empty name.
extern const struct kernel user_kernels[], system_kernels[];

// From where we are started: a byte to the host, and the end.
void put(u8 byte);
void leave(u32 status) __attribute__((noreturn));

// The one big piece of memory, in whole pages.
#define PAGE 4096
#define MIB (1 << 20)
#define AREA (16 * MIB + 64 * PAGE)
extern u8 area[AREA];

// No function that has this is merged with its caller, or left out.
#define APART __attribute__((noipa))
