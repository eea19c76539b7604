// Woven from chapters/808-command.md, 810-guests.md.
import { MOST_QUANTUM, UserError } from "../launcher";
import type { TypedSchedule } from "../launcher";

/** A number that was typed behind an option, or what it is otherwise. */
export function number(
  option: string, text: string | undefined, otherwise: number,
  least: number, most: number,
): number {
  if (text === undefined) return otherwise;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const range = most === MANY ? `from ${least}` : `${least} to ${most}`;
  throw new UserError(
    `--${option} ${text}: it must be a whole number, ${range}`);
}

/** A CPU that was typed, of a machine with so many. */
export function cpuOf(option: string, text: string, cpus: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value < cpus) return value;
  throw new UserError(`--${option} ${text}: there is no such CPU; with ` +
    `--cpus ${cpus} ${cpus > 1 ? `they are 0 to ${cpus - 1}`
      : "there is CPU 0 alone"}`);
}

/** No limit to speak of. */
export const MANY = Number.MAX_SAFE_INTEGER;

/** A schedule that was typed: its name, and the most of a turn. */
export function schedule(text: string): TypedSchedule {
  const [name, most, more] = text.split(":");
  const quantum = most === undefined ? 1000 : Number(most);
  const known = name === "round-robin" || name === "random";
  const good = more === undefined && Number.isInteger(quantum) &&
    quantum >= 1 && quantum <= MOST_QUANTUM;
  if (known && good) return { kind: name, quantum };
  throw new UserError(`--schedule ${text}: it is round-robin or random, ` +
    `or random:N with N from 1 to ${MOST_QUANTUM}`);
}
