// How fast the back ends are, in CPU time: paged, flat, ring 0.
// `node -r ./test/ready.cjs test/speed.ts [runs] [millions]` prints it.
import {
  assemble, CR0, CR0_PE, CR0_PG, EIP, ESP, Machine, writeControl,
  type MachineOptions,
} from "../src";

/** Hashes words into a table: loads and stores, a call with a frame for
 * each word, an inner loop of shifts, jumps of both kinds. */
export const program = `
start:  movl $words, %esi
        movl $64, %edi
1:      movl (%esi), %eax
        addl $4, %esi
        pushl %eax
        call hash
        addl $4, %esp
        andl $0xff, %eax
        movl table(,%eax,4), %edx
        cmpl %ebx, %edx
        jae 2f
        incl count
2:      movl %ebx, table(,%eax,4)
        decl %edi
        jne 1b
        jmp start

hash:   pushl %ebp
        movl %esp, %ebp
        pushl %ebx
        movl 8(%ebp), %eax
        movl $4, %ecx
3:      movl %eax, %edx
        shrl $3, %edx
        xorl %edx, %eax
        leal (%eax,%eax,4), %eax
        movzbl %al, %edx
        addl %edx, %ebx
        testb $1, %al
        je 4f
        notl %eax
4:      decl %ecx
        jne 3b
        popl %ebx
        addl %eax, %ebx
        leave
        ret

        .balign 4096
count:  .long 0
words:  .fill 64, 4, 0x5eed1e55
table:  .fill 256, 4, 0
`;

/** A machine with its first 4 MiB mapped, about to execute a program. */
export function pagedMachine(
  text: string, interpreter?: MachineOptions["interpreter"],
): Machine {
  const machine = new Machine({ memory: 4 << 20,
    ...interpreter && { interpreter } });
  const { bytes, symbols } = assemble(text, { origin: 0x100000 });
  machine.writeRam(0x100000, bytes);
  const tables = new Uint32Array(2048);
  tables[0] = 0x2003;
  for (let n = 0; n < 1024; n++) tables[1024 + n] = (n << 12) | 3;
  machine.writeRam(0x1000, new Uint8Array(tables.buffer));
  const cpu = machine.cpus[0]!;
  writeControl(cpu, 3, 0x1000);
  writeControl(cpu, 0, cpu.w[CR0]! | CR0_PE | CR0_PG);
  cpu.w[EIP] = symbols.get("start")!;
  cpu.w[ESP] = 0x90000;
  return machine;
}

/** Of each interpreter the best of some runs, in millions of instructions
 * a second of CPU time; they take turns. */
export function measure(runs: number, millions: number) {
  const kinds = ["generated", "plain"] as const;
  const machines = kinds.map((kind) => pagedMachine(program, kind));
  const best = { generated: 0, plain: 0 };
  for (let n = 0; n < runs; n++) {
    kinds.forEach((kind, k) => {
      const count = kind === "plain" ? millions / 4 : millions;
      const before = process.cpuUsage();
      machines[k]!.run({ maxInstructions: count * 1e6 });
      const { user, system } = process.cpuUsage(before);
      best[kind] = Math.max(best[kind], count / ((user + system) / 1e6));
    });
  }
  return best;
}

/** Instructions that the program takes for a word. */
export const WORD = 64;

const words = new Int32Array(64).fill(0x5eed1e55);
const table = new Int32Array(256);

/** The same work in plain JavaScript, for so many rounds. */
function hashWords(rounds: number): number {
  let sum = 0, count = 0;
  for (; rounds > 0; rounds--) {
    for (const word of words) {
      let hash = word;
      for (let n = 4; n > 0; n--) {
        hash = Math.imul(hash ^ (hash >>> 3), 5);
        sum = (sum + (hash & 0xff)) | 0;
        if (hash & 1) hash = ~hash;
      }
      hash = (hash + sum) & 0xff;
      if (table[hash]! >>> 0 < sum >>> 0) count++;
      table[hash] = sum;
    }
  }
  return count;
}

/** How fast JavaScript does the work: the best of some runs, in millions of
 * the program's instructions a second. */
export function measureYardstick(runs: number): number {
  let best = 0;
  for (let n = 0; n < runs; n++) {
    const rounds = 20_000, before = process.cpuUsage();
    hashWords(rounds);
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, rounds * words.length * WORD / (user + system));
  }
  return best;
}

if (require.main === module) {
  const runs = Number(process.argv[2] ?? 8);
  const millions = Number(process.argv[3] ?? 10);
  const { generated, plain } = measure(runs, millions);
  const times = measureYardstick(8) / generated;
  console.log(`${generated.toFixed(1)} million instructions a second; ` +
    `the plain interpreter ${plain.toFixed(1)}, ` +
    `${(generated / plain).toFixed(1)} times less; ` +
    `JavaScript is ${times.toFixed(0)} times as fast`);
}
