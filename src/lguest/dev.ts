// Woven from chapters/440-dev.md, 810-guests.md.
// What a Launcher's thread sees of the Host: the file /dev/lguest.
import type { KernelOptions } from "../host";
import type { Cpu } from "../machine";

/** A Guest to be, as the boot loader hands it to the Host. */
export interface GuestFiles {
  /** A word for messages. */
  name: string;
  /** The kernel's file, byte for byte. */
  image: Uint8Array;
  /** The kernel's command line. */
  commandLine: string;
  /** Bytes of memory the Guest gets, a multiple of 4096. */
  memory: number;
  /** The initial RAM disk's file. */
  initrd?: Uint8Array;
  /** The CPU that it is tied to; without one it may run anywhere. */
  cpu?: number;
}

/** Requests that a Launcher writes; 1, 3 and 4 are retired. */
export const LHREQ_INITIALIZE = 0, LHREQ_IRQ = 2, LHREQ_GETREG = 5,
  LHREQ_SETREG = 6, LHREQ_TRAP = 7;

/** The error numbers that come back, negative. */
export const errno = {
  ENOENT: 2, EINTR: 4, ENOMEM: 12, EBUSY: 16, EINVAL: 22, ERESTART: 85,
} as const;

/** /dev/lguest as one Launcher sees it, valid during one step. */
export interface DevLguest {
  /** The CPU that the Launcher's thread runs on. */
  readonly cpu: Cpu;
  /** Which Guest, counted from 0. */
  readonly guest: number;
  /** What the read came back with, bytes or -errno; undefined when the
   * Launcher has only just begun. */
  readonly result: Uint8Array | number | undefined;
  /** Bytes of the kernel's file. */
  readonly imageSize: number;
  /** Bytes of the initial RAM disk's file, 0 if there is none. */
  readonly initrdSize: number;
  /** The kernel's command line. */
  readonly commandLine: string;
  /** Bytes of Guest memory, and where in our address space it begins. */
  readonly memory: number;
  readonly memBase: number;
  /** A copy of a part of the kernel's file, cut off at its end. */
  readImage(offset: number, length: number): Uint8Array;
  /** A copy of a part of the RAM disk's file, cut off at its end. */
  readInitrd(offset: number, length: number): Uint8Array;
  /** A write: request and words; the answer, or -errno. */
  write(...words: number[]): number;
  /** A read that need not run the Guest: behind GETREG, or of the dead. */
  read(): Uint8Array;
  /** A copy of Guest memory; undefined if it reaches outside. */
  readGuest(address: number, length: number): Uint8Array | undefined;
  /** Writes Guest memory; false if it would reach outside. */
  writeGuest(address: number, bytes: Uint8Array): boolean;
  /** Another Guest's Launcher, or we, shall look for news. */
  signal(guest: number): void;
  /** The Guest can't go on: it is killed, and this is why. */
  giveUp(reason: string): void;
}

/** A Launcher's decisions. It keeps nothing in TypeScript objects. */
export interface LauncherCalls {
  /** Called at the start and each time a read of /dev/lguest returns. */
  step(dev: DevLguest): "read" | "exit";
}

/** How a Guest stands or how it ended. */
export interface GuestOutcome {
  state: "running" | "poweroff" | "restart" | "crashed" | "killed";
  /** Why, in a sentence; empty when there is nothing to say. */
  reason: string;
}

/** What a Host with lguest is booted with. */
export interface HostOptions
  extends Pick<KernelOptions, "hostPages" | "sequential" | "startDate" |
    "loadRounds"> {
  /** The Guests, in order. */
  guests: readonly GuestFiles[];
  /** Their Launcher's decisions. */
  launcher: LauncherCalls;
  /** Where PGE goes off while lguest is loaded: default "all-cpus". */
  pge?: "all-cpus" | "this-cpu";
  /** Whether threads may move from the CPU where they first ran. */
  hostPolicy?: "free" | "one-cpu";
  /** Whose table the Guests of a CPU have for the Switcher's pages:
   * default "per-cpu". */
  ptePage?: "per-cpu" | "one" | "one-pair";
  /** Another text for the Switcher, in AT&T syntax. */
  switcher?: string;
  /** "strict" has no NOTIFY, like lguest since 4.1. */
  abi?: "extended" | "strict";
  /** How many programs of the Host's own run beside the Guests. */
  hostLoad?: number;
  /** The CPU of all of these. */
  loadOn?: number;
}
