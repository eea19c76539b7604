// Woven from chapters/832-visit.md.
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { GdbStub } from "../debug";
import type { GdbOptions } from "../debug";
import { UserError } from "../launcher";
import type { RunResult } from "../machine";

/** A run with a debugger's port. */
export interface DebuggedRun extends Omit<GdbOptions, "send"> {
  /** 0 takes any that is free. */
  readonly port: number;
  /** Told where a debugger can find us. */
  readonly announce: (port: number) => void;
  /** Has the run go on when there is something to do again. */
  readonly idle?: (goOn: () => void) => void;
  /** Told why the run is over; gives the exit status. */
  readonly finish: (reason: Ending) => number;
}

/** Why a run with a debugger is over. */
export type Ending = Exclude<RunResult["reason"], "idle"> | "killed";

/** Instructions between two looks at the cable. */
const SLICE = 100_000;
/** Bytes that are taken between two looks at what the client has read. */
const MOUTHFUL = 16;
/** Milliseconds that a client has to take leave. */
const PATIENCE = 2000;
const LOOPBACK = "127.0.0.1";

function noPort(error: NodeJS.ErrnoException, port: number): UserError {
  const why = error.code === "EADDRINUSE" ? "somebody has it"
    : error.code === "EACCES" ? "we may not have it"
      : error.code ?? error.message;
  return new UserError(`--gdb ${port}: ${why}; try another port`);
}

/** Runs a machine until its run is over, and meanwhile lets a debugger
 * in; gives the exit status. */
export function runDebugged(run: DebuggedRun): Promise<number> {
  let client: Socket | undefined;
  let pumping = false;
  const send = (bytes: Uint8Array) => void client?.write(bytes);
  const stub = new GdbStub({ ...run, send });
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true });
    const over = (reason: Ending) => {
      const status = run.finish(reason);
      if (reason !== "killed") stub.end(status);
      client?.destroySoon();
      setTimeout(() => client?.destroy(), PATIENCE).unref();
      server.close();
      resolve(status);
    };
    const failed = (error: unknown) => {
      client?.destroy();
      server.close();
      reject(error as Error);
    };
    const slice = () => {
      pumping = false;
      try {
        const reason = stub.killed ? "killed" : stub.runSlice(SLICE);
        if (reason === "idle") run.idle?.(pump);
        else if (reason !== undefined) over(reason);
        else if (stub.running || stub.killed) pump();
      } catch (error) {
        failed(error);
      }
    };
    const pump = () => {
      if (pumping) return;
      pumping = true;
      setImmediate(slice);
    };
    server.on("connection", (socket) => {
      if (client) {
        socket.destroy();
        return;
      }
      client = socket;
      let said: Uint8Array = new Uint8Array(0);
      const listen = () => {
        while (said.length > 0 && !socket.writableNeedDrain) {
          stub.feed(said.subarray(0, MOUTHFUL));
          said = said.subarray(MOUTHFUL);
        }
        socket[said.length ? "pause" : "resume"]();
        if (stub.running || stub.killed) pump();
      };
      stub.attach();
      socket.on("data", (bytes) => {
        said = said.length ? Buffer.concat([said, bytes]) : bytes;
        listen();
      });
      socket.on("drain", listen);
      socket.on("error", () => {});
      socket.on("close", () => {
        client = undefined;
        stub.lost();
      });
    });
    server.on("error", (error) => reject(noPort(error, run.port)));
    server.listen(run.port, LOOPBACK, () => {
      run.announce((server.address() as AddressInfo).port);
      pump();
    });
  });
}
