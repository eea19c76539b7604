// Woven from chapters/720-memory.md.
/** Bits of a fast-table word: who may do what without asking. */
export const FAST_READ = 1, FAST_WRITE = 2, FAST_READ_USER = 4,
  FAST_WRITE_USER = 8;
