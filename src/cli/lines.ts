// Woven from chapters/810-guests.md.
import { lastWords, oneLine } from "../launcher";

/** Bytes of a line that is kept until it ends; a longer one is broken. */
export const LONGEST_LINE = 4096;

/** What Guests print: of one as it comes, of several in whole lines with
 * the name in front. */
export class GuestLines {
  /** Their names, in order. */
  names: readonly string[] = [];
  private readonly kept: string[] = [];

  constructor(private readonly out: (bytes: Uint8Array) => void) {}

  /** Takes what a Guest prints. */
  readonly print = (bytes: Uint8Array, guest: number): void => {
    if (this.names.length < 2) return this.out(bytes);
    let text = this.kept[guest] ?? "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    this.kept[guest] = this.sayLines(guest, text);
  };

  /** Says what has no end of line yet. */
  flush(): void {
    this.kept.forEach((text, guest) => {
      if (text) this.say(guest, text);
    });
    this.kept.length = 0;
  }

  private sayLines(guest: number, text: string): string {
    let rest = text;
    for (;;) {
      const end = rest.slice(0, LONGEST_LINE + 1).indexOf("\n");
      if (end < 0 && rest.length <= LONGEST_LINE) return rest;
      this.say(guest, rest.slice(0, end < 0 ? LONGEST_LINE : end));
      rest = rest.slice(end < 0 ? LONGEST_LINE : end + 1);
    }
  }

  private say(guest: number, line: string): void {
    const words = line.split("\t").map(lastWords).join("\t");
    const text = `${oneLine(this.names[guest] ?? "?")}: ${words}\n`;
    this.out(new TextEncoder().encode(text));
  }
}
