// Every form of the table as text, with many operands each.
import { candidates } from "../src/assembler/names";
import type { Candidate } from "../src/assembler/names";
import { registerClass } from "../src/assembler/match";
import { registersByClass } from "../src/assembler/registers";
import type { RegisterClass } from "../src/assembler/registers";
import type { Operand } from "../src/table";

const registers = (kind: RegisterClass) =>
  registersByClass[kind].map(name => `%${name}`);

const displacements = ["", "0", "8", "127", "128", "-128", "-129",
  "0x12345678", "0xffffffff", "label", "label+4", "CONST", "FAR"];

function memorySamples(): string[] {
  const list: string[] = [];
  const bases = registers("d");
  bases.forEach((base, i) => {
    list.push(`(${base})`, `${displacements[i + 2]}(${base})`,
      `${displacements[i + 5]}(${base})`);
    const index = bases[(i + 3) % 8]!;
    if (index === "%esp") return;
    list.push(`(${base},${index},${1 << (i % 4)})`,
      `${displacements[i]}(${base},${index})`,
      `${displacements[i + 4]}(,${index},${1 << (i % 4)})`);
  });
  for (const d of displacements) if (d) list.push(d, `${d}(%ebp)`);
  list.push("%fs:(%eax)", "%gs:0", "%ss:8(%ebp)", "%ds:8(%ebp)",
    "%es:label(,%ecx,4)", "%cs:label", "%ds:(%ebx)");
  for (const inner of ["%bx,%si", "%bx,%di", "%bp,%si", "%bp,%di", "%si",
    "%di", "%bp", "%bx"]) list.push(`(${inner})`, `6(${inner})`,
    `0x1234(${inner})`, `-200(${inner})`);
  return list;
}

const memory = memorySamples();
const bytes = ["0", "1", "3", "0x7f", "0x80", "0xff", "-1", "-128", "CONST",
  "'a'"];
const words = ["0", "1", "127", "128", "-128", "-129", "0x1234", "0x7fff",
  "0x8000", "0xffff", "0xff80", "-0x8000", "CONST"];
const longs = ["0", "1", "127", "128", "-128", "-129", "0x12345678",
  "0x7fffffff", "0x80000000", "0xffffffff", "0xffffff80", "label",
  "label-4", "FAR", "after-before", "LATER", "CONST"];

function immediates({ size }: Operand, width: number): string[] {
  const list = size === "b" && width === 1 ? bytes
    : size === "b" ? ["0", "5", "31", "127", "-128", "CONST"]
    : size === "w" || width === 2 ? words : longs;
  return list.map(value => `$${value}`);
}

const far = [".+130", ".-126", ".-127", ".+1000", "label"];

/** Texts that may stand for an operand. */
function samples(
  operand: Operand, width: number, relaxed: boolean,
): string[] {
  const { kind, code, register } = operand;
  const named = () => registers(registerClass(operand, width));
  switch (kind) {
    case "E": return [...named(), ...memory];
    case "M": return memory;
    case "G": case "R": case "Z": case "S": case "C": case "D":
      return named();
    case "I": return immediates(operand, width);
    case "J": return [".", ".+2", ".+60", ".-100", ".+129", ".-125",
      ...relaxed || (operand.size === "z" && width === 4) ? far : []];
    case "O": return ["0", "0x1234", "label", "%fs:0", "%gs:label", "FAR"];
    case "X": return [width === 0 ? "" : "%ds:(%esi)", "(%esi)",
      "%fs:(%esi)", "(%si)"];
    case "Y": return ["%es:(%edi)", "(%edi)", "(%di)"];
    case "one": return ["$1"];
    default: return code === "DX" ? ["%dx", "(%dx)"] : [named()[register]!];
  }
}

const indirect = new Set(["call", "jmp", "callf", "jmpf"]);

/** Lines of one candidate: every `step`th of its samples. */
function* candidateLines(
  name: string, c: Candidate, step: number,
): Generator<string> {
  const star = c.form.modrm && indirect.has(c.form.mnemonic) ? "*" : "";
  const relaxed = /^j(mp|cc)$/.test(c.form.semantic);
  for (const width of c.widths) {
    const lists = c.operands.map(operand => samples(operand, width, relaxed));
    const count = Math.max(1, ...lists.map(list => list.length));
    for (let i = c.form.id % step; i < Math.max(count, step); i += step)
      yield `${name} ` + lists.map((list, j) =>
        star + list[(i + j * (i >> 3)) % list.length]).join(",");
  }
  if (c.form.rep || c.form.mnemonic === "xlat") yield name;
  if (c.form.rep) yield `rep ${name}`;
}

const extras = [
  "shl %eax", "sarb (%ecx)", "imul $5,%eax", "imul $500,%bx", "aam", "aad",
  "shld %eax,%ebx", "shrdw %ax,2(%ebx)", "xchg %ebx,%eax",
  "xchg (%ebx),%ecx", "test (%ebx),%ecx", "int $3", "lock addl $1,(%eax)",
  "lock\nbtsl $0,label", "rep; movsl", "repne scasb", "repe cmpsl",
  "fs lodsb", "rep stosw", "lock cmpxchg8b (%esi)", "data16 lgdt (%eax)",
  "xlat %fs:(%ebx)", "addr16 mov (%si),%eax", "jmp 0x1234", "call FAR",
  "movb $'\\n',%al", "mov %eax,%ds", "lar %eax,%ebx", "loopw .", "jcxz .+9",
];

/** Lines without repetitions: all samples for the first name of a form,
 * some for its other names. */
export function sampleLines(): string[] {
  const lines = new Set<string>();
  const seen = new Set<string>();
  for (const [name, list] of candidates)
    for (const candidate of list) {
      const key = `${candidate.form.id} ${candidate.widths[0]}`;
      const step = seen.has(key) ? 13 : 3;
      seen.add(key);
      for (const line of candidateLines(name, candidate, step))
        lines.add(line);
    }
  for (const line of extras) lines.add(line);
  return [...lines].flatMap(line => line.split("\n"));
}

/** What the lines speak of: names that are known before them and after. */
export const samplesBefore =
  ".equ CONST, 100\n.equ FAR, 0x80001000\nbefore: .long 0\nafter:";
export const samplesAfter = "label: .long 0\n.equ LATER, 5";
