// Woven from chapters/724-faults.md.
/** What happened, on which CPU, at which instruction count. Each kind
 * has its own further members; higher layers emit kinds of their own. */
export interface MachineEvent {
  readonly kind: string;
  readonly cpu: number;
  readonly count: number;
  readonly [detail: string]: unknown;
}

/** The machine's one stream of events; free when nobody listens. */
export class EventStream {
  /** Whether somebody listens. */
  active = false;
  private listeners: ((event: MachineEvent) => void)[] = [];

  /** Listens; the function that comes back ends it. */
  on(listener: (event: MachineEvent) => void): () => void {
    this.listeners = [...this.listeners, listener];
    this.active = true;
    return () => {
      this.listeners = this.listeners.filter((l) => l !== listener);
      this.active = this.listeners.length > 0;
    };
  }

  /** Tells all listeners, in the order in which they came. */
  emit(event: MachineEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}
