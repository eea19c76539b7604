// What can be booted in the page, by name. Only names and words: how it is
// done is the worker's business, which loads much later.

export interface World {
  /** What a button says. */
  readonly label: string;
  /** What it is good for, in a sentence. */
  readonly told: string;
  /** The Guests' names. */
  readonly guests: readonly string[];
  readonly cpus: number;
  /** Of each Guest, in MiB. */
  readonly memory: number;
  /** Whether somebody may type to them. */
  readonly talks?: boolean;
}

export const worlds = {
  hello: { label: "A Guest", guests: ["the Guest"], cpus: 1, memory: 8,
    told: "Our own small Guest: it looks around, runs six programs, and "
      + "powers off." },
  monitor: { label: "A Guest to talk to", guests: ["the Guest"], cpus: 1, memory: 8,
    talks: true, told: "It waits for you; it knows the word help." },
  two: { label: "Two Guests", guests: ["A", "B"], cpus: 2, memory: 8,
    told: "Two Guests on a Host with two CPUs." },
  pge: { label: "PGE on this CPU only", guests: ["A"], cpus: 2, memory: 8,
    told: "The bug of the story: PGE is off on one CPU of two. The Guest "
      + "dies of what the TLB remembers of the Host." },
  oops: { label: "The same, and the Host dies", guests: ["B"], cpus: 2, memory: 8,
    told: "Another Guest's kernel, linked elsewhere: it is the Host that "
      + "oopses." },
  globals: { label: "A Switcher with globals", guests: ["a", "b"], cpus: 2, memory: 4,
    told: "The old Switcher on two CPUs: one variable for the Guest." },
  onePage: { label: "One pair of pages", guests: ["a", "b"], cpus: 2, memory: 4,
    told: "All CPUs share the Switcher's pair of pages." },
} as const satisfies Record<string, World>;

export type WorldName = keyof typeof worlds;

export const worldNames = Object.keys(worlds) as WorldName[];

export function worldOf(name: WorldName): World {
  return worlds[name];
}
