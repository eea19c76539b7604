// The gdb stub in this process: each packet, what is malformed, and that a
// run which was stopped is the run that nobody stopped.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  boot, buildHost, CR0, CS, defaultGuest, DEBUG_REGISTERS, DS, EAX, EIP,
  Machine, MiB, packetOf, segmentRegister, SYSTEM_FLAGS, VM, writeControl,
} from "../src";
import { understand } from "../src/cli/options";
import { Client, inReply, little, machineWith } from "./gdb-client";
import { fuzz } from "./gdb-fuzz";
import { sessions } from "./gdb-sessions";
import { testWith } from "./reference";
import { measureYardstick, WORD } from "./speed";

const test = suite("gdb");

const LOOP = `
start:  movl $10, %ecx
again:  incl value
        decl %ecx
        jne again
        movl value, %eax
        movl $0x3000, %edi
        movl $5, %ecx
        rep stosb
done:   jmp done
        .balign 256
value:  .long 0
`;

function loop(cpus = 1) {
  const { machine, symbols } = machineWith(LOOP, { cpus });
  return { client: new Client(machine), machine, cpu: machine.cpus[0]!,
    at: (name: string) => symbols.get(name)!.toString(16) };
}

const eip = (reply: string) => inReply(reply, "08");

test("packets are acknowledged, and damaged ones sent back", () => {
  const { client } = loop();
  client.say("$?#3f");
  assert.is(client.marks, "+");
  assert.is(client.heard.length, 1);
  client.say("$?#40");
  assert.is(client.marks, "+-");
  assert.is(client.heard.length, 1);
  client.say("-");
  assert.is(client.heard[1], client.heard[0]);
  assert.is(client.ask("QStartNoAckMode"), "OK");
  client.say("$?#00");
  assert.is(client.marks, "+-+");
  assert.is(client.heard.at(-1), client.heard[0]);
});

test("the reason for the stop names a thread", () => {
  assert.is(loop().client.ask("?"), "T05thread:1;");
});

test("what every object knows is no question", () => {
  const { client } = loop();
  for (const name of ["constructor", "__proto__", "hasOwnProperty,1",
    "isPrototypeOf,1", "__defineGetter__,1"])
    assert.is(client.ask(`q${name}`), "");
});

test("what nobody knows gets the empty answer", () => {
  const { client } = loop();
  for (const what of ["", "!", "R00", "vMustReplyEmpty", "qFoo", "QFoo:1",
    "Z5,1000,1", "vFile:open", "qXfer:memory-map:read::0,100", "~"]) {
    assert.is(client.ask(what), "", what);
  }
});

test("what is malformed gets an error", () => {
  const { client } = loop(), before = client.machine.snapshot();
  for (const what of ["m", "m1000", "m1000,", "m,4", "mxyz,4", "m1000,4,4",
    "m123456789,4", "M1000,4:00", "M1000,4", "M1000,1:0", "M1000,1:zz",
    "X1000,2:a", "p", "pzz", "p99", "P", "P0", "P0=00", "P0=0000000z",
    "P10=00000000000000000000", "G00", "Gzz", "H", "Hx1", "Hg9", "T9", "T",
    "Z", "Z0", "Z0,1000", "Zz,1,1", "Z0,zz,1", "z0,1000,1,1",
    "Z2,ffffffff,2", "vCont;", "vCont;x", "vCont;s:9", "vCont;S1",
    "vCont;s:", "sxx", "czz", "C", "C5;zz", "S", "qXfer:features:read:",
    "qXfer:features:read:target.xml:0", "qXfer:features:read:a.xml:0,10",
    "qXfer:features:read:target.xml:ffff,10", "qRcmd,f",
    "qThreadExtraInfo,9", "qThreadExtraInfo", "P9=000000",
    `m${"1".repeat(0x5000)}`]) {
    assert.match(client.ask(what), /^E[0-9]{2}$/, what.slice(0, 40));
  }
  assert.not(client.stub.running);
  assert.equal(client.machine.snapshot(), before);
});

test("g reads what p reads, and G changes nothing when it says the same",
  () => {
    const { client, machine } = loop();
    const before = machine.snapshot(), all = client.ask("g");
    const each = DEBUG_REGISTERS.map((_, n) => client.ask(`p${n.toString(16)}`));
    assert.is(each.join(""), all);
    assert.is(all.slice(0, 8), little(0x2badb002));
    assert.is(all.slice(64, 72), little(0x1000));
    assert.is(client.ask(`G${all}`), "OK");
    assert.equal(machine.snapshot(), before);
  });

test("G is all or nothing", () => {
  const { client, machine } = loop(), before = machine.snapshot();
  const all = client.ask("g");
  // EAX could be written, CS could not: there is no GDT.
  const bad = little(7) + all.slice(8, 80) + little(0x18) + all.slice(88);
  assert.is(client.ask(`G${bad}`), "E22");
  assert.equal(machine.snapshot(), before);
  assert.is(client.ask(`G${little(7)}${all.slice(8)}`), "OK");
  assert.is(machine.cpus[0]!.w[EAX], 7);
});

test("P writes registers, and the CPU goes by them", () => {
  const { client, cpu, at } = loop();
  assert.is(client.ask(`P8=${little(parseInt(at("done"), 16))}`), "OK");
  assert.is(client.ask("P0=78563412"), "OK");
  assert.is(cpu.w[EAX], 0x12345678);
  client.ask("s");
  assert.is(cpu.w[EIP]!.toString(16), at("done"));
  assert.is(client.ask("P9=d5080000"), "OK");
  assert.is(client.ask("p9"), little(0x8d7));
});

test("floating-point registers aren't available", () => {
  const { client } = loop();
  assert.is(client.ask("p10"), "x".repeat(20));
  assert.is(client.ask("p18"), "x".repeat(8));
});

test("a selector brings its base in real and virtual-8086 mode", () => {
  const { client, cpu } = loop();
  client.ask(`P26=${little(0x10)}`);           // cr0: real mode
  assert.is(cpu.w[CR0], 0x10);
  assert.is(client.ask(`Pc=${little(0x1234)}`), "OK");
  assert.is(segmentRegister(cpu, DS).base, 0x12340);
  assert.is(client.ask(`Pa=${little(0x100)}`), "OK");
  assert.is(segmentRegister(cpu, CS).base, 0x1000);
  client.ask(`P26=${little(0x11)}`);
  assert.is(client.ask(`P9=${little(0x20002)}`), "OK");
  assert.ok(cpu.w[SYSTEM_FLAGS]! & VM);
  assert.is(segmentRegister(cpu, DS).limit, 0xffff);
  assert.is(client.ask(`Pd=${little(0x2000)}`), "OK");
  assert.is(client.ask("p23"), little(0x20000));
  assert.is(client.ask("p30"), little(3));
});

// What suites of single instructions do: everything by packets.
function numbered(client: Client) {
  const regs = new Map(
    DEBUG_REGISTERS.map(({ name }, n) => [name, n.toString(16)]));
  return {
    put(values: Record<string, number>) {
      for (const [name, value] of Object.entries(values)) {
        const said = client.ask(`P${regs.get(name)!}=${little(value)}`);
        assert.is(said, "OK", name);
      }
    },
    see: (name: string) => {
      const digits = client.ask(`p${regs.get(name)!}`);
      return Buffer.from(digits, "hex").readUInt32LE() >>> 0;
    },
  };
}

test("16-bit code in real mode, from a machine with nothing loaded", () => {
  const client = new Client(new Machine({ memory: 0x200000 }));
  const { put, see } = numbered(client);
  put({ cr0: 0x10, idtr_limit: 0x3ff, cs: 0x1234, ds: 0x2000, ss: 0x3000, es: 0x2100,
    eip: 0x10, esp: 0xabcd0000, eax: 0x11112222, ebx: 0xffff, esi: 0 });
  client.ask("M34,4:77006600");                // vector 13
  // push %ax; mov %ax,(%bx); mov %ax,1(%bx,%si)
  client.ask("M12350,6:508907894001");
  client.ask("s");
  assert.is(see("esp"), 0xabcdfffe, "the stack wraps, its upper half stays");
  assert.is(client.ask("m3fffe,2"), "2222");
  client.ask("s");
  // A word at offset FFFF: #GP through a vector of four bytes.
  assert.equal([see("cs"), see("eip")], [0x66, 0x77]);
  assert.is(see("esp"), 0xabcdfff8);
  assert.is(client.ask("m3fff8,4"), "11003412");
  put({ cs: 0x1234, eip: 0x13 });
  client.ask("s");
  assert.is(client.ask("m20000,2"), "2222", "16-bit addresses wrap");
});

test("a selector in real mode makes a segment of what was null", () => {
  const client = new Client(new Machine({ memory: 0x200000 }));
  const { put, see } = numbered(client);
  put({ fs: 0 });
  put({ cr0: 0x10, cs: 0x100, fs: 0x2000, eip: 0 });
  client.ask("M1000,4:64a10000");              // mov %fs:0, %ax
  client.ask("M20000,2:3412");
  client.ask("s");
  assert.is(see("eax") & 0xffff, 0x1234);
});

test("a CPU that halted goes on when EIP is written", () => {
  const { client, cpu } = loop();
  client.ask("M5000,4:f4404040");              // hlt; inc %eax …
  client.ask("P0=00000000");
  for (let n = 1; n <= 3; n++) {
    client.ask(`P8=${little(0x5000)}`);
    assert.is(eip(client.ask("s")), little(0x5001));
    client.ask(`P8=${little(0x5001)}`);
    if (n === 1) client.ask("s5002");
    assert.is(eip(client.ask("s5001")), little(0x5002));
  }
  assert.is(cpu.w[EAX], 4);
});

test("a trap that is due stays where EIP was", () => {
  const { client } = loop();
  client.ask("M6000,4:90909090");
  client.ask(`P9=${little(0x102)}`);           // TF
  client.ask(`P8=${little(0x6000)}`);
  client.ask("s");
  client.ask(`P9=${little(2)}`);
  client.ask(`P8=${little(0x6002)}`);
  assert.is(eip(client.ask("s")), little(0x6003), "no #DB is delivered");
});

test("the dead rise, and their next triple fault is shown as well", () => {
  const { machine } = machineWith("lidt none\nint3\nnone: .fill 8\n");
  const client = new Client(machine);
  for (let n = 0; n < 3; n++) {
    assert.match(client.ask("c"), /^T0b.*thread:1;$/);
    assert.is(client.ask(`P8=${little(0x1000)}`), "OK");
    assert.is(inReply(client.ask("s"), "thread"), "1");
  }
});

test("a breakpoint holds whoever is taken to it", () => {
  const { client } = loop();
  client.ask("M5000,3:909090");
  for (const at of ["5000", "5002"]) client.ask(`Z0,${at},1`);
  client.ask(`P8=${little(0x5001)}`);
  assert.is(eip(client.ask("c")), little(0x5002));
  client.ask(`P8=${little(0x5000)}`);
  assert.is(eip(client.ask("c")), little(0x5000));
  assert.is(eip(client.ask("c")), little(0x5002), "and lets him go");
});

test("memory is read as far as it goes and written wholly or not", () => {
  const { client, machine } = loop();
  assert.is(client.ask("M3000,4:11223344"), "OK");
  assert.is(client.ask("m3000,4"), "11223344");
  assert.is(client.ask("X3001,2:#}"), "OK");
  assert.is(client.ask("m3000,4"), "11237d44");
  assert.is(client.ask("X3000,0:"), "OK");
  assert.is(client.ask("mffffe,8"), "0000");
  assert.is(client.ask("m100000,8"), "E14");
  assert.is(client.ask("mfffffffc,8"), "E14");
  const before = machine.snapshot();
  assert.is(client.ask("Mffffe,4:11111111"), "E14");
  assert.equal(machine.snapshot(), before);
});

test("memory goes by the page tables, and nobody notices", () => {
  const { client, machine, cpu } = loop();
  cpu.store32(0x4000, 0x5007);
  for (let page = 0; page < 9; page++) {
    cpu.store32(0x5000 + 4 * page, (page << 12) | 1);
  }
  cpu.store32(0x5000 + 4 * 0x20, 0x6001);
  cpu.store32(0x6000, 0xcafe);
  writeControl(cpu, 3, 0x4000);
  writeControl(cpu, 0, 0x80000011 | 0);
  cpu.load32(0x20000);
  cpu.store32(0x5000, 0x1003);
  const before = machine.snapshot();
  assert.is(client.ask("m20000,2"), "feca");
  assert.is(client.ask("m9000,2"), "E14");
  assert.is(client.ask("m1ffff,2"), "E14");
  assert.is(client.ask("qRcmd,706879736963616c206f6e"), "OK");
  assert.is(client.ask("m6000,2"), "feca");
  assert.is(client.ask("m9000,2"), "0000");
  assert.is(client.ask("qRcmd,706879736963616c206f6666"), "OK");
  assert.is(client.ask("m9000,2"), "E14");
  assert.equal(machine.snapshot(), before);
  // The page is read-only, and a debugger writes there all the same.
  assert.is(client.ask("M20000,2:beba"), "OK");
  assert.is(client.ask("m20000,2"), "beba");
  // The TLB knows where the page was.
  assert.is(client.ask("P28=00400000"), "OK");
  cpu.load32(0x20000);
  assert.is(client.ask(`qRcmd,${hex("physical on")}`), "OK");
  client.ask("M5080,4:01700000");
  assert.match(text(client.ask(`qRcmd,${hex("tlb")}`)),
    /^data 00020000 -> 00006000 4K sr-- at 0 under 00004000 stale$/m);
});

const hex = (s: string) => Buffer.from(s).toString("hex");
const text = (s: string) => Buffer.from(s, "hex").toString();

test("monitor has help, counts, and an answer to the rest", () => {
  const { client } = loop();
  assert.match(text(client.ask(`qRcmd,${hex("help")}`)), /physical on\|off/);
  assert.match(text(client.ask(`qRcmd,${hex("count")}`)),
    /^0 instructions, 0 ticks\nCPU 0: 0 instructions, 0 ticks\n$/);
  assert.match(text(client.ask(`qRcmd,${hex("dance")}`)),
    /^there is no monitor command "dance"/);
});

test("s is one instruction, and one iteration of a REP", () => {
  const { client, cpu } = loop();
  assert.is(eip(client.ask("s")), little(0x1005));
  assert.is(client.ask("s1013"), `T0504:${little(0x9000)};05:00000000;` +
    `08:${little(0x1018)};thread:1;`);
  client.ask("s");
  const at = cpu.w[EIP]!;
  for (let left = 4; left >= 1; left--) {
    client.ask("vCont;s:1");
    assert.is(cpu.w[1], left);
    assert.is(cpu.w[EIP], at);
  }
  client.ask("S05");
  assert.is(cpu.w[1], 0);
  assert.is.not(cpu.w[EIP], at);
});

test("breakpoints hold before the instruction, and let go", () => {
  const { client, cpu, at } = loop();
  client.ask("qSupported:swbreak+;hwbreak+");
  assert.is(client.ask(`Z0,${at("again")},1`), "OK");
  const before = client.ask("m1000,40");
  for (let n = 10; n > 7; n--) {
    const reply = client.ask("c");
    assert.is(eip(reply), little(parseInt(at("again"), 16)));
    assert.match(reply, /;swbreak:;$/);
    assert.is(cpu.w[1], n);
  }
  assert.is(client.ask("m1000,40"), before, "nothing was written");
  assert.is(client.ask(`z0,${at("again")},1`), "OK");
  assert.is(client.ask(`z0,${at("again")},1`), "OK");
  assert.is(client.ask(`Z1,${at("done")},1`), "OK");
  assert.match(client.ask("vCont;c"), /;hwbreak:;$/);
  assert.is(cpu.w[EAX], 10);
});

test("watchpoints tell of writes, reads, or both", () => {
  const { client, machine, cpu, at } = loop();
  const value = at("value");
  assert.is(client.ask(`Z2,${value},4`), "OK");
  const reply = client.ask("c");
  assert.is(inReply(reply, "watch"), value);
  assert.is(machine.readRam(parseInt(value, 16), 1)[0], 1, "it is done");
  assert.is(client.ask(`z2,${value},4`), "OK");
  assert.is(client.ask(`Z3,${(parseInt(value, 16) + 1).toString(16)},1`), "OK");
  assert.is(inReply(client.ask("c"), "rwatch"),
    (parseInt(value, 16) + 1).toString(16));
  assert.is(client.ask(`z3,${(parseInt(value, 16) + 1).toString(16)},1`), "OK");
  assert.is(client.ask("Z4,3003,1"), "OK");
  assert.is(inReply(client.ask("c"), "awatch"), "3003");
  assert.is(cpu.w[1], 1);
});

test("control-C stops, and more of it does no harm", () => {
  const { client } = loop();
  assert.is(client.ask("c", 1), "(nothing)");
  client.say("\x03");
  assert.match(client.heard.at(-1)!, /^T02/);
  const { length } = client.heard;
  client.say("\x03\x03");
  assert.is(client.heard.length, length);
});

test("what comes too early is answered when the machine stands", () => {
  const { client } = loop();
  client.ask("c", 1);
  client.stub.feed(packetOf("qC"));
  assert.is(client.heard.length, 0);
  client.say("\x03");
  assert.equal(client.heard.map((one) => one.slice(0, 3)), ["T02", "QC1"]);
});

test("threads are CPUs", () => {
  const { client, machine } = loop(3);
  assert.is(client.ask("qfThreadInfo"), "m1,2,3");
  assert.is(client.ask("qsThreadInfo"), "l");
  assert.is(client.ask("qC"), "QC1");
  assert.is(client.ask("T3"), "OK");
  assert.is(client.ask("T4"), "E03");
  assert.is(client.ask("Hg2"), "OK");
  assert.is(client.ask("P0=01000000"), "OK");
  assert.is(machine.cpus[1]!.w[EAX], 1);
  assert.is(client.ask("Hg0"), "OK");
  assert.is(client.ask("Hc-1"), "OK");
  assert.is(text(client.ask("qThreadExtraInfo,2")),
    "CPU 1 waiting to be started");
});

test("a CPU makes a step while the others take their turns", () => {
  const { client, machine, at } = loop(2);
  const [one, two] = machine.cpus;
  two!.w.set(one!.w.subarray(0, 80));
  two!.refresh();
  two!.w[EIP] = parseInt(at("done"), 16);
  two!.start();
  client.ask(`Z1,${at("done")},1`);
  client.ask(`z1,${at("done")},1`);
  // It's the first one's turn, and it must not get past a breakpoint
  // that is gone for the other one's step only.
  const held = client.ask("vCont;s:2");
  assert.is(inReply(held, "thread"), "1");
  assert.is(eip(held), little(parseInt(at("done"), 16)));
  assert.is(two!.retired, 0);
  assert.is(inReply(client.ask("vCont;s:2"), "thread"), "2");
  assert.equal([one!.retired, two!.retired], [1000, 1]);
  assert.is(inReply(client.ask("vCont;s:1;c"), "thread"), "1");
});

test("a triple fault is shown before the run is over", () => {
  const { machine } = machineWith("lidt none\nint3\nnone: .fill 8\n");
  const client = new Client(machine);
  assert.match(client.ask("c"), /^T0b.*thread:1;$/);
  assert.is(client.ask("c"), "(nothing)");
  assert.is(client.over, "shutdown");
  client.stub.end(3);
  assert.is(client.heard.at(-1), "W03");
});

test("a machine that has halted for good is shown, if somebody wants it",
  () => {
    const program = "nop\nhlt\nagain: nop\nhlt\n";
    const { machine, symbols } = machineWith(program);
    const again = symbols.get("again")!;
    const client = new Client(machine, { showsHalt: true });
    const end = client.ask("c");
    assert.match(end, /^T11.*thread:1;$/);
    assert.is(eip(end), little(again));
    // Who sends it on wants to see how that ends.
    assert.match(client.ask(`c${again.toString(16)}`), /^T11/);
    assert.is(client.ask("c"), "(nothing)");
    assert.is(client.over, "halted");
    const plain = new Client(machineWith(program).machine);
    assert.is(plain.ask("c"), "(nothing)");
    assert.is(plain.over, "halted");
    const stepped = new Client(machineWith(program).machine,
      { showsHalt: true });
    const steps = Array.from({ length: 3 }, () =>
      stepped.ask("s").slice(0, 3));
    assert.equal(steps, ["T05", "T05", "T11"]);
  });

test("D lets the machine go on; k ends the run", () => {
  const { client } = loop();
  client.ask("Z0,1005,1");
  assert.is(client.ask("D"), "OK");
  assert.ok(client.stub.running);
  assert.is(client.stub.runSlice(100), undefined);
  assert.is(client.machine.count, 100);
  assert.is(client.heard.length, 2);
  client.stub.attach();
  assert.not(client.stub.running);
  client.stub.feed(packetOf("k"));
  assert.ok(client.stub.killed);
});

test("a client that vanishes leaves the machine standing, or running", () => {
  const { client, machine } = loop();
  client.ask("Z0,1005,1");
  const before = machine.snapshot();
  client.say("$M1000,4:ff");
  client.stub.lost();
  assert.not(client.stub.running);
  assert.equal(machine.snapshot(), before);
  client.stub.attach();
  assert.is(client.ask("?"), "T05thread:1;");
  client.ask("c", 0);
  client.stub.lost();
  assert.ok(client.stub.running);
  client.stub.runSlice(100);
  assert.is(machine.count, 100, "its breakpoints are gone");
});

test("a run that was stopped is the run that nobody stopped", () => {
  const guest = { name: "the Guest", image: defaultGuest(),
    commandLine: "", memory: 2 * MiB };
  const start = () => boot({ guests: [guest], cpus: 2 }, () => {}).machine;
  const free = start(), limit = 70_000;
  free.run({ maxInstructions: limit });
  const held = start(), client = new Client(held, { limit });
  const { symbols } = buildHost();
  const enter = symbols.get("switch_to_guest")!.toString(16);
  let stops = 0;
  client.ask(`Z1,${enter},1`);
  client.ask("Z2,c0108000,1000");
  while (!client.over) {
    client.ask(stops % 3 ? "c" : "vCont;s:1;c");
    client.ask("g");
    client.ask("mc0100000,100");
    client.ask("mffc00000,40");
    if (++stops % 10 === 0) {
      client.ask("c", 1);
      client.say("\x03");
    }
  }
  assert.ok(stops > 50, `${stops} stops`);
  assert.is(held.count, free.count);
  const [a, b] = [free.snapshot(), held.snapshot()];
  assert.is(Buffer.compare(a, b), 0, `after ${stops} stops`);
});

test("a packet costs no more than hashing 50 000 words in JavaScript", () => {
  const { client } = loop(), most = 8000;
  client.ask("QStartNoAckMode");
  const packets = ["g", "m1000,100", "s", "p8", "M3000,4:00000000"];
  let rate = 0, yardstick = 0, words = Infinity;
  for (let tries = 0; tries < 4 && words > 50_000; tries++) {
    const begin = process.cpuUsage();
    for (let n = 0; n < most; n++) client.ask(packets[n % packets.length]!);
    const { user, system } = process.cpuUsage(begin);
    rate = Math.max(rate, most / ((user + system) / 1e6));
    yardstick = Math.max(yardstick, measureYardstick(8));
    words = Math.round(yardstick * 1e6 / WORD / rate);
  }
  console.log(`${Math.round(rate)} packets a second of CPU time, each as `
    + `dear as ${words} words`);
  assert.ok(words <= 50_000, `a packet is as dear as ${words} words`);
});

test("mutated packets get answers and break nothing", () => {
  const { packets } = fuzz({ seed: 4, packets: 4000 });
  assert.is(packets, 4000);
});

test("--gdb takes a port, or does without", () => {
  const asked = (...words: string[]) => {
    const call = understand(words);
    return typeof call === "object" && "gdb" in call ? call.gdb : undefined;
  };
  assert.is(asked("run"), undefined);
  assert.equal(asked("--gdb"), { port: 1234, wait: false });
  assert.equal(asked("--gdb", "--wait"), { port: 1234, wait: true });
  assert.equal(asked("run", "--gdb", "77", "--wait"), { port: 77, wait: true });
  assert.equal(asked("--wait", "--gdb=0"), { port: 0, wait: true });
  assert.equal(asked("run", "--wait"), { port: 1234, wait: true });
  assert.equal(asked("machine"), { port: 1234, wait: true });
  assert.equal(asked("machine", "--wait"), { port: 1234, wait: true });
  assert.equal(asked("machine", "--rom", "r", "--gdb", "5"),
    { port: 5, wait: false });
  assert.throws(() => asked("--gdb", "65536"), /0 to 65535/);
  assert.throws(() => asked("--gdb=x"), /whole number/);
  assert.throws(() => asked("--gdb", "--snapshot", "s"), /leave out --gdb/);
});

testWith(test, "gdb")("Debian's gdb steps through a world switch",
  async () => { await sessions.worldSwitch(); });

testWith(test, "gdb")("Debian's gdb reads the chapters in both worlds",
  async () => { await sessions.reading(); });

test.run();
