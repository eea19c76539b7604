// Woven from chapters/777-interpreter.md.
/** What the interpreter does by itself: opcodes as the table has them,
 * and R for operands in registers, M for one in memory, S if there is
 * no choice; small letters mean operands of 16 bits, F one in memory by
 * FS or GS. */
const rows = `
89 /r RMrmF; 8B /r MmF; C7 /0 MmF; B8+r Ss
88 /r RM; 8A /r M; C6 /0 M; B0+r S
0F B6 /r RM; 0F B7 /r RM; 0F BE /r RM; 0F BF /r RM; 8D /r M
84 /r RM; 85 /r RMr; F6 /0 RM; F7 /0 RMr
40+r S; 48+r S; FE /0 R; FE /1 R; FF /0 MF; FF /1 MF; F7 /2 R; F7 /3 R
C1 /0 R; C1 /1 R; C1 /4 RM; C1 /5 RM; C1 /7 R; C0 /4 R; C0 /5 R
D3 /0 R; D3 /1 R; D3 /4 R; D3 /5 R; D3 /7 R; 0F A4 /r R; 0F AC /r R
0F AF /r RM; 69 /r RM; F7 /4 RM; F7 /5 RM; F7 /6 RM; F7 /7 RM
98 S; 99 S; 90 S; 0F C8+r S; 0F A3 /r R; 0F BC /r R; 0F BD /r R
50+r S; 68 S; FF /6 M; 58+r S; C9 S; E8 S; FF /2 RM; C3 S
E9 S; FF /4 RM; E2 S; E3 S; 87 /r RM; 0F B1 /r M; 0F C1 /r M
A4 S; A5 S; AA S; AB S; AC S; AD S
`;

const hex = (n: number) =>
  n.toString(16).toUpperCase().padStart(2, "0");

// The eight operations of arithmetic have the same forms. CMP is asked
// to do more than the others; ADC and SBB, with bytes in memory, less.
const arithmetic = Array.from({ length: 8 }, (_, n) => {
  const more = n === 7 ? "RMrmF" : "RM";
  const byte = n === 3 || n === 2 ? "R" : "RM";
  return `${hex(8 * n + 1)} /r ${more}; ${hex(8 * n + 3)} /r MF; ` +
    `81 /${n} ${more}; ${hex(8 * n)} /r ${byte}; ` +
    `${hex(8 * n + 2)} /r M; 80 /${n} ${byte}`;
});

const conditions = Array.from({ length: 16 }, (_, cc) => {
  const n = hex(0x40 + cc), set = hex(0x90 + cc);
  return `${hex(0x70 + cc)} S; 0F ${set} /r R; 0F ${n} /r R`;
});

/** One of these a line. */
export const hotRows: readonly string[] =
  [rows, ...arithmetic, ...conditions].join(";").split(/[;\n]+/)
    .map((row) => row.trim()).filter((row) => row !== "");
