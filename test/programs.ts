// Random programs whose layout is not obvious.

/** A generator of numbers from 0 to n - 1. */
export function randomNumbers(seed: number): (n: number) => number {
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  return n => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state % n;
  };
}

const conditions = ["e", "ne", "a", "be", "g", "le", "s", "nc"];

/** A program of jumps, gaps and labels. */
export function randomProgram(seed: number): string {
  const random = randomNumbers(seed);
  const count = 300, labels = 60;
  const lines: string[] = ["l0:"];
  let defined = 1;
  const any = () => `l${random(labels)}`;
  const earlier = () => `l${random(defined)}`;
  for (let i = 0; i < count; i++) {
    if (random(5) === 0 && defined < labels) lines.push(`l${defined++}:`);
    if (random(12) === 0) lines.push("1:");
    lines.push(statement(random, any, earlier));
  }
  while (defined < labels) lines.push(`l${defined++}: nop`);
  lines.push("1: nop");
  return lines.join("\n") + "\n";
}

function statement(
  random: (n: number) => number, any: () => string, earlier: () => string,
): string {
  switch (random(16)) {
    case 0: case 1: case 2: return `jmp ${any()}`;
    case 3: case 4: case 5:
      return `j${conditions[random(8)]} ${any()}+${random(3)}`;
    case 6: return "jmp 1f";
    case 7: return `.fill ${random(90)}, 1, 0x90`;
    case 8: return `.balign ${1 << random(6)}`;
    case 9: return `.p2align ${random(5)}, 0xcc, ${random(20)}`;
    case 10: return `add $${earlier()}-${earlier()}, %eax`;
    case 11: return `mov ${any()}-${any()}(%ebx), %eax`;
    case 12: return `.long ${any()}, .-${any()}`;
    case 13: return `call ${any()}`;
    case 14: return `mov $${any()}, %esi`;
    default: return `.skip (${earlier()} - l0) >> 5`;
  }
}
