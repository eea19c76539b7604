// A program that isn't ours, and uses the package: a bare machine with a
// few instructions in it, and a Guest under lguest.
import { assemble, bootDefault, disassemble, EAX, EIP, Machine } from "lguest";
import type { End } from "lguest";

/** The sum of 1 to n, by a loop in machine code. */
function sumTo(n: number): number {
  const machine = new Machine({ memory: 1 << 20 });
  const { bytes, symbols } = assemble(`
start:  movl $${n}, %ecx
        xorl %eax, %eax
1:      addl %ecx, %eax
        loop 1b
done:   jmp done
  `, { origin: 0x1000 });
  machine.writeRam(0x1000, bytes);
  const [cpu] = machine.cpus;
  const start = symbols.get("start");
  if (cpu === undefined || start === undefined) throw new Error("no CPU");
  cpu.w[EIP] = start;
  machine.run({ maxInstructions: 2 + 2 * n });
  console.log(`${machine.count} instructions, first ${disassemble(bytes, 0x1000).text}`);
  return cpu.w[EAX] ?? 0;
}

console.log(`1 + … + 100 = ${sumTo(100)}`);
let printed = "";
const end: End = bootDefault({ memory: 4, commandLine: "elsewhere",
  output: (text) => { printed += text; } });
console.log(`the Guest was told: ${/I was told: (.*)/.exec(printed)?.[1]}`);
console.log(`status ${end.status}`);
