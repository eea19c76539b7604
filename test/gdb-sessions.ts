// Scripted sessions with Debian's gdb, over a real port of the loopback.
// `node -r ./test/ready.cjs test/gdb-sessions.ts` runs them
// all and shows what gdb said.
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { assemble, buildHost, packetOf } from "../src";
import { main } from "../src/cli/main";
import { nodeIo } from "../src/cli/node-io";
import type { Io } from "../src/cli/io";
import { PATIENCE, requireReference } from "./reference";

/** The command in this process, with a port for gdb. */
interface Running {
  readonly port: number;
  readonly status: Promise<number>;
  /** What it wrote to standard error and standard output. */
  err(): string;
  out(): string;
}

function start(words: string[]): Promise<Running> {
  let err = "", out = "";
  return new Promise((resolve, reject) => {
    const io: Io = {
      print: (bytes) => { out += new TextDecoder().decode(bytes); },
      complain(text) {
        err += text;
        const port = /gdb may come to port (\d+)/.exec(text)?.[1];
        if (port) {
          resolve({ port: Number(port), status,
            err: () => err, out: () => out });
        }
      },
      read: (path) => new Uint8Array(fs.readFileSync(path)),
      create: () => { throw new Error("nobody writes files here"); },
      replace: () => { throw new Error("nothing to write"); },
      update: () => { throw new Error("nobody writes to images here"); },
      probe: () => {},
      identity: (path) => path,
    } as Io;
    const status = Promise.resolve(main(words, io));
    status.catch(reject);
  });
}

/** What gdb says to the lines of a script. A pattern among them waits until
 * gdb has said something like it since the line before, a function until it
 * is true. */
function gdb(
  port: number, lines: readonly (string | RegExp | (() => boolean))[],
): Promise<string> {
  const left = ["set prompt", "set pagination off", "set confirm off",
    `set remotetimeout ${PATIENCE / 1000}`, "set architecture i386",
    `target remote localhost:${port}`, ...lines];
  return new Promise((resolve, reject) => {
    const child = spawn("gdb", ["-nx", "-q"],
      { stdio: ["pipe", "pipe", "pipe"], timeout: PATIENCE });
    let text = "", seen = 0;
    const speak = () => {
      for (; left.length > 0; left.shift()) {
        const next = left[0]!;
        if (typeof next === "string") {
          seen = text.length;
          child.stdin.write(`${next}\n`);
        } else if (!(next instanceof RegExp
          ? next.test(text.slice(seen)) : next())) return;
      }
      clearInterval(often);
      child.stdin.end();
    };
    const often = setInterval(speak, 20);
    const hear = (part: Buffer) => { text += part; speak(); };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.stdin.on("error", () => {});
    child.on("error", reject);
    child.on("close", () => {
      clearInterval(often);
      resolve(text);
    });
  });
}

function has(text: string, ...parts: (RegExp | string)[]): void {
  for (const part of parts) {
    const said = typeof part === "string" ? text.includes(part)
      : part.test(text);
    assert.ok(said, `gdb never said ${part}:\n${text}`);
  }
}

/** Break in the Switcher, step into a Guest, watch cr3 on the way. */
async function worldSwitch(): Promise<string> {
  const { symbols } = buildHost();
  const enter = symbols.get("switch_to_guest")!;
  const leave = symbols.get("return_to_host")!;
  const running = await start(["run", "--memory", "2", "--gdb", "0",
    "--wait"]);
  const said = await gdb(running.port, [
    "info threads",
    `hbreak *${enter}`,
    "continue",
    "printf \"at %#x, cr3 %#x\\n\", $eip, $cr3",
    "set $host = $cr3",
    "x/3i $pc",
    "watch $cr3",
    "continue",
    "printf \"cr3 is new: %d, cpl %d\\n\", $cr3 != $host, $cpl",
    "delete 2",
    "stepi 12",
    "stepi",
    "printf \"cs %#x cpl %d eip %#x\\n\", $cs, $cpl, $eip",
    `tbreak *${leave}`,
    "disable 1",
    "continue",
    "watch $cr3",
    "continue",
    "printf \"back: %d\\n\", $cr3 == $host",
    "detach",
  ]);
  has(said, "Thread 1 (CPU 0 running)", `at 0x${enter.toString(16)}, cr3`,
    "=> 0xffc00000:\tpush   %es", "cr3 is new: 1, cpl 0",
    /cs 0x61 cpl 1 eip 0x100000/, "back: 1", "detached");
  assert.is(await running.status, 0, running.err());
  has(running.out(), "ring");
  has(running.err(), "the Guest powered off after");
  return said;
}

/** The line of a chapter that has a text, from 1. */
function lineWith(file: string, text: string): number {
  const lines = fs.readFileSync(file, "utf8").split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

/** With names and lines: from the Host into the Guest and back, line by
 * line, and who called, on both sides. */
async function reading(): Promise<string> {
  const folder = fs.mkdtempSync(join(tmpdir(), "lguest-gdb-"));
  const file = (world: string) => join(folder, `${world}.elf`);
  for (const world of ["host", "guest"]) {
    const words = ["symbols", "-o", file(world), "--world", world];
    assert.is(await main(words, nodeIo), 0);
  }
  const switcher = "chapters/500-switcher.md", loop = "chapters/510-loop.md";
  const chapter = join(__dirname, "..", switcher);
  const enter = lineWith(chapter, "switch_to_guest:") + 1;
  const iret = lineWith(chapter, "iret                            # eip");
  const save = lineWith(chapter, "save the Guest's registers") + 1;
  const running = await start(["run", "--memory", "2", "--gdb", "0",
    "--wait"]);
  const said = await gdb(running.port, [
    "define hook-stop",
    `if $cpl == 0\nsymbol-file ${file("host")}`,
    `else\nsymbol-file ${file("guest")}\nend`,
    "end",
    `symbol-file ${file("host")}`,
    "break switch_to_guest",
    "continue",
    "list",
    "info line *$pc",
    "step",
    "step",
    "backtrace",
    "delete",
    `tbreak 500-switcher.md:${iret}`,
    "continue",
    "printf \"cpl %d\\n\", $cpl",
    "step",
    "printf \"cpl %d\\n\", $cpl",
    "step",
    "tbreak return_to_host",
    "continue",
    "printf \"cpl %d\\n\", $cpl",
    `symbol-file ${file("guest")}`,
    "backtrace",
    `symbol-file ${file("host")}`,
    "tbreak read_lguest",
    "continue",
    "tbreak enter_guest",
    "continue",
    "next 4",
    "next",
    "backtrace",
    `break 500-switcher.md:${save}`,
    "kill",
  ]);
  fs.rmSync(folder, { recursive: true });
  assert.is(await running.status, 1, running.err());
  has(said, `switch_to_guest () at ${switcher}:${enter}`,
    "We push what we want to find again.",
    new RegExp(`Line ${enter} of "${switcher}"\\s+starts at address 0xffc00000`),
    new RegExp(`#0  switch_to_guest \\(\\) at ${switcher}:${enter + 2}\n` +
      `#1  0x\\w+ in enter_guest \\(\\) at ${loop}:\\d+\n` +
      "#2  0x\\w+ in process_thread \\(\\) at chapters/420-threads.md:"),
    /500-switcher.md:\d+\n\d+\tiret +# eip[^]*?\ncpl 0\n/,
    // A page fault is between these two, and the Host has mapped the page.
    /start \(\) at chapters\/100-guest.md:\d+\n\d+\tmovl .*, %esp\ncpl 1\n/,
    /\n\d+\tmovl %cs, %eax\nTemporary breakpoint/,
    new RegExp(`return_to_host \\(\\) at ${switcher}:${save}\n` +
      `${save}\tpushl %es\ncpl 0\n`),
    /#0  return_to_host .*\n#1 +0x001000\w+ in start \(\) at chapters\/100-guest/,
    /lcall \$LGUEST_CS, \$switch_to_guest\n(enter_guest .*\n)?\d+\s+clts\n/,
    new RegExp(`#0  enter_guest \\(\\) at ${loop}:\\d+\n#1 .*process_thread`),
    `500-switcher.md:${save}. (2 locations)`);
  return said;
}

const CODE = `
start:  movl $10, %ecx
again:  incl value
        decl %ecx
        jne again
        movl value, %eax
        movl $0x3000, %edi
        movl $5, %ecx
copy:   rep stosb
        outb %al, $0xe9
done:   jmp done
        .balign 256
value:  .long 0
`;

/** All that one does with a bare machine, from nothing: write code and
 * registers, step, break, watch, go, interrupt, detach. */
async function bare(): Promise<string> {
  const { bytes, symbols } = assemble(CODE, { origin: 0x1000 });
  const at = (name: string) => `0x${symbols.get(name)!.toString(16)}`;
  const folder = fs.mkdtempSync(join(tmpdir(), "lguest-gdb-"));
  const file = join(folder, "code.bin");
  fs.writeFileSync(file, bytes);
  const { port, status, err, out } =
    await start(["machine", "--wait", "--gdb", "0", "--memory", "1"]);
  const said = await gdb(port, [
    `restore ${file} binary 0x1000`,
    "set $eip = 0x1000",
    "set $esp = 0x9000",
    "set $eflags = 2",
    "x/4i $pc",
    "stepi",
    "printf \"ecx %d\\n\", $ecx",
    `break *${at("again")}`,
    "continue",
    "continue 3",
    "printf \"ecx %d\\n\", $ecx",
    "delete",
    `watch *(int *) ${at("value")}`,
    "continue",
    "delete",
    `tbreak *${at("copy")}`,
    "continue",
    "stepi 2",
    "printf \"eip %#x ecx %d\\n\", $eip, $ecx",
    `rwatch *(char *) ${at("value")}`,
    "awatch *(char *) 0x3003",
    "continue",
    "delete",
    "continue &",
    () => out() === "\n",
    "interrupt",
    /SIGINT/,
    "printf \"eip %#x\\n\", $eip",
    "x/8xb 0x3000",
    "monitor count",
    "detach",
  ]);
  fs.rmSync(folder, { recursive: true });
  has(said, "=> 0x1000:\tmov    $0xa,%ecx", "ecx 10", "ecx 6",
    "Hardware watchpoint 2", "Old value = 4\nNew value = 5",
    `eip ${at("copy")} ecx 3`, "Hardware access (read/write) watchpoint 5",
    /Program received signal SIGINT[^]*eip 0x10/,
    /0x3000:\s+(0x0a\s+){5}0x00/, "detached");
  await talk(port, async (ask) => { await ask("k", false); });
  assert.is(await status, 1);
  has(err(), "the debugger ended the run after");
  return said;
}

const QUESTIONS = ["s", "g", "m100000,40", "p28"];

/** Microseconds of CPU time, of both ends, that a question and its answer
 * take. */
async function cost(ask: Ask): Promise<number> {
  const most = 10_000, begin = process.cpuUsage();
  for (let n = 0; n < most; n++) await ask(QUESTIONS[n % 4]!);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / most;
}

/** How many packets a second the real port answers, beside one that sends
 * back what it hears. */
async function rate(): Promise<string> {
  const running = await start(["run", "--memory", "2", "--gdb", "0",
    "--wait"]);
  const parrot = createServer({ noDelay: true }, (socket) => {
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(parrot, "listening");
  const { port } = parrot.address() as AddressInfo;
  let stub = Infinity, echo = Infinity;
  await talk(running.port, async (ask) => {
    await ask("QStartNoAckMode");
    for (let tries = 0; tries < 4; tries++) {
      stub = Math.min(stub, await cost(ask));
      await talk(port, async (say) => {
        echo = Math.min(echo, await cost(say));
      });
    }
    await ask("k", false);
  });
  parrot.close();
  assert.is(await running.status, 1);
  has(running.err(), "the debugger ended the run");
  const said = `${Math.round(1e6 / stub)} packets a second of CPU time, both `
    + `ends, over TCP: ${(stub / echo).toFixed(1)} times what an echo takes`;
  assert.ok(stub <= 10 * echo, said);
  return said;
}

type Ask = (payload: string, answered?: boolean) => Promise<string>;

/** Speaks the protocol by hand. */
async function talk(
  port: number, body: (ask: Ask, socket: Socket) => Promise<void>,
): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let text = "";
  let wake = () => {};
  socket.on("data", (part) => { text += part.toString("latin1"); wake(); });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.on("connect", resolve));
  const ask: Ask = async (payload, answered = true) => {
    text = "";
    socket.write(packetOf(payload));
    while (answered && !/\$[^#]*#../.test(text)) {
      await new Promise<void>((resolve) => { wake = resolve; });
    }
    return /\$([^#]*)#/.exec(text)?.[1] ?? "";
  };
  await body(ask, socket);
  socket.end();
}

/** A second client is sent away; one that vanishes is followed by another. */
async function clients(): Promise<string> {
  const running = await start(["run", "--memory", "2", "--gdb", "0",
    "--wait"]);
  const { port } = running;
  await talk(port, async (ask, socket) => {
    const first = await ask("p8");
    const second = connect({ port, host: "127.0.0.1" });
    second.on("error", () => {});
    await new Promise<void>((resolve) => second.on("close", resolve));
    assert.is(await ask("p8"), first, "the first one is still there");
    socket.write("$M100000,4:00");
    await new Promise<void>((resolve) => setImmediate(resolve));
    socket.destroy();
  });
  // The loopback has told the other end by now, and this process is it; some
  // rounds of its loop, and it has heard.
  for (let rounds = 0; rounds < 100; rounds++)
    await new Promise<void>((resolve) => setImmediate(resolve));
  const said = await gdb(port, ["x/2i $pc", "continue"]);
  has(said, /=> 0x100020:\s+cli/, "exited normally");
  assert.is(await running.status, 0, running.err());
  return "a second client is refused, and another follows one that vanished";
}

/** A busy port is named in one line. */
async function busy(): Promise<string> {
  const running = await start(["run", "--gdb", "0", "--wait"]);
  let err = "";
  const status = await main(["run", "--gdb", String(running.port)],
    { complain: (text: string) => { err += text; } } as Io);
  assert.is(status, 2);
  assert.match(err, /^lguest: --gdb \d+: somebody has it; [^\n]*\n$/);
  await talk(running.port, async (ask) => { await ask("k", false); });
  assert.is(await running.status, 1);
  return "a port that somebody has is named";
}

/** The hunt's two looks: at the trap that kills the Host, and at the store
 * that has done it. */
async function hunt(): Promise<string> {
  const folder = fs.mkdtempSync(join(tmpdir(), "lguest-gdb-"));
  const file = join(folder, "host.elf");
  assert.is(await main(["symbols", "-o", file], nodeIo), 0);
  const words = ["--cpus", "2", "--pge", "this-cpu", "--pin", "1",
    "--memory", "8", "--host-pages", "4k",
    "--kernel", "default@0xc0130000/0xc0110100", "--gdb", "0", "--wait"];
  const first = await start(words);
  const trap = await gdb(first.port, [`symbol-file ${file}`,
    "break trap_13", "continue", "bt", "x/2xw 0xc01100f8", "kill"]);
  await first.status;
  has(trap, /Thread 2 hit Breakpoint 1, 0x\w+ in trap_13 \(\)/,
    /#1 {2}0x\w+ in enter_guest \(\) at chapters\/510-loop\.md:\d+/,
    /0xc01100f8:\s+0x0000ffff\s+0xc01300c8/);
  const second = await start(words);
  const store = await gdb(second.port, [`symbol-file ${file}`,
    "break switch_to_guest thread 2", "continue", "delete",
    "watch *(unsigned *) 0xc01100fc", "continue",
    "info registers cs cr3 cr4", "x/i $eip - 5", "kill"]);
  await second.status;
  fs.rmSync(folder, { recursive: true });
  has(store, "Thread 2 hit Hardware watchpoint", "Old value = 13605632",
    "New value = <unreadable>", /cs +0x61/, /cr4 +0x90/,
    /0xc01300c3:\s+call\s+0xc01300c8/);
  return trap + store;
}

export const sessions = { worldSwitch, reading, hunt, bare, rate, clients, busy };

if (require.main === module) {
  void (async () => {
    if (!requireReference("gdb")) return;
    for (const [name, session] of Object.entries(sessions)) {
      console.log(`== ${name}\n${await session()}`);
    }
  })().catch((error) => {
    console.error(error);
    // A machine may still wait for a debugger that won't come.
    process.exit(1);
  });
}
