// Mutated packets for the gdb stub, by seed.
// `node -r ./test/ready.cjs test/gdb-fuzz.ts [packets] [seed]`
// sends that many.
import { packetOf } from "../src";
import { Client, machineWith } from "./gdb-client";
import { randomNumbers } from "./programs";

const PROGRAM = `
        movl $0x2000, %esp
again:  incl 0x3000
        pushl %eax
        popl %ebx
        movl $3, %ecx
        movl $0x3800, %edi
        rep stosb
        jmp again
`;

const GOOD = ["?", "g", "p8", "P0=00000000", "P9=02000000", "P26=11000000",
  "P8=00100000", "Pa=08000000", "Pc=10000000", "P2c=00000000",
  "m1000,40", "M3000,4:01020304", "X3000,4:abcd", "c", "s", "C05", "S05",
  "c1000", "vCont?", "vCont;c", "vCont;s:1;c", "vCont;s", "Hg1", "Hc-1",
  "T1", "qC", "qfThreadInfo", "qsThreadInfo",
  "qSupported:swbreak+;hwbreak+", "qXfer:features:read:target.xml:0,3fff",
  "qAttached", "qRcmd,746c62", "qRcmd,706879736963616c206f6e",
  "qThreadExtraInfo,1", "D", "k", "Z0,1005,1", "z0,1005,1", "Z1,1006,1",
  "z1,1006,1", "Z2,3000,4", "z2,3000,4", "Z3,3000,4", "z3,3000,4",
  "Z4,3800,4", "z4,3800,4", "QStartNoAckMode", "vMustReplyEmpty"];

export interface Fuzzing {
  readonly seed: number;
  readonly packets: number;
}

/** Bombards stubs with packets; throws if one throws, or won't answer. */
export function fuzz(options: Fuzzing): {
  packets: number; answers: number; errors: number; instructions: number;
} {
  const { seed, packets: most } = options;
  const random = randomNumbers(seed);
  let packets = 0, answers = 0, errors = 0, instructions = 0;
  let client = fresh(random);
  while (packets < most) {
    const bytes = mutated(random);
    packets++;
    try {
      client.stub.feed(bytes);
      const over = client.stub.runSlice(1 + random(200));
      if (random(4) === 0) client.say("\x03");
      if (over !== undefined || client.stub.killed || random(5000) === 0) {
        instructions += client.machine.count;
        client = fresh(random);
      } else if (random(100) === 0) {
        client.stub.lost();
        client.stub.attach();
      }
      if (!client.stub.attached) client.stub.attach();
    } catch (error) {
      throw new Error(`seed ${seed}, packet ${packets}: ` +
        `${JSON.stringify(String.fromCharCode(...bytes))}`,
      { cause: error });
    }
    answers += client.heard.length;
    errors += client.heard.filter((one) => /^E\d\d$/.test(one)).length;
    client.heard.length = 0;
    if (packets % 500 === 0) mustAnswer(client, seed, packets);
  }
  instructions += client.machine.count;
  return { packets, answers, errors, instructions };
}

function fresh(random: (n: number) => number): Client {
  const { machine } = machineWith(PROGRAM, { cpus: 1 + random(2) });
  return new Client(machine);
}

/** Whatever was sent, a good packet then gets its answer. */
function mustAnswer(client: Client, seed: number, packets: number): void {
  // Ends a packet under way; what waits may set the machine going again.
  client.say("#00");
  for (let n = 0; n < 100; n++) client.say("\x03");
  if (client.stub.killed || !client.stub.attached) return;
  client.heard.length = 0;
  const all = client.ask("g");
  if (!/^[0-9a-fx]{200,}$/.test(all)) {
    throw new Error(`seed ${seed}, packet ${packets}: g gave ${all}`);
  }
  client.heard.length = 0;
}

const ALPHABET = "0123456789abcdef,:;=-zZ#$}*gGpPmMXcsvHqQTDk?\x03\x00\xff";

function mutated(random: (n: number) => number): Uint8Array {
  let payload = GOOD[random(GOOD.length)]!;
  const changes = random(4);
  for (let n = 0; n < changes; n++) payload = change(payload, random);
  let bytes = packetOf(payload);
  if (random(8) === 0) {
    bytes = bytes.slice(0, random(bytes.length + 1));
  }
  if (random(8) === 0 && bytes.length > 0) {
    bytes[random(bytes.length)] = random(256);
  }
  return bytes;
}

function change(text: string, random: (n: number) => number): string {
  const at = random(text.length + 1), c = ALPHABET[random(ALPHABET.length)]!;
  switch (random(6)) {
    case 0: return text.slice(0, at) + c + text.slice(at);
    case 1: return text.slice(0, at) + text.slice(at + 1);
    case 2: return text.slice(0, at) + c + text.slice(at + 1);
    case 3: return text.slice(0, at);
    case 4: return text + GOOD[random(GOOD.length)]!.slice(random(3));
    default: return text.slice(0, at) + "f".repeat(random(12)) +
      text.slice(at);
  }
}

if (require.main === module) {
  const most = Number(process.argv[2] ?? 500_000);
  const seed = Number(process.argv[3] ?? 1);
  const { packets, answers, errors, instructions } =
    fuzz({ seed, packets: most });
  console.log(`${packets} mutated packets (seed ${seed}): ` +
    `${answers} answers, ${errors} of them errors; ` +
    `${instructions} instructions ran meanwhile`);
}
