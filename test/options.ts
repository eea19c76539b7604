// What the long runs of the tests are told on their command line.

/** The number behind `--name`, or another one; ends with status 2 if it is
 * no number. */
export function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} wants a number`);
  process.exit(2);
}

/** The word behind `--name`, or another one; ends with status 2 if there is
 * none. */
export function word(name: string, otherwise: string): string {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = process.argv[at + 1];
  if (value !== undefined && !value.startsWith("--")) return value;
  console.error(`--${name} wants a word`);
  process.exit(2);
}
