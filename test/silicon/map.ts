// Where things lie. Both machines have the same map:
//
//   0x10000000  page 0 of the data   readable, writable
//   0x10001000  page 1               readable, writable
//   0x10002000  page 2               readable
//   0x20000000  two pages of code    filled with CC, int3
//
// and nothing else that a case may know of. local.ts has the segments.

export const DATA = 0x1000_0000;
export const DATA_SIZE = 0x2000;
export const DATA_END = DATA + 0x3000;
export const CODE = 0x2000_0000;
export const CODE_END = CODE + 0x2000;
