// The panels of the machine: what each shows, in the order of the buttons.

export const panels = {
  cpu: "CPUs", code: "Instructions", tlb: "TLB", address: "An address",
  worlds: "Both worlds", tables: "GDT, IDT, TSS", memory: "Memory",
  events: "Events", timeline: "Timeline",
} as const;

export type PanelName = keyof typeof panels;
export const panelNames = Object.keys(panels) as PanelName[];

/** What to look at: which panels, through which CPU, at which address. */
export interface Watch {
  readonly panels: readonly PanelName[];
  readonly cpu: number;
  readonly address: number;
  /** How often the timeline has been zoomed in, around the present. */
  readonly zoom: number;
}
