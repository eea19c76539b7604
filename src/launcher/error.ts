// Woven from chapters/300-loader.md.
/** A user's mistake, told in one line: what, where, what to try. */
export class UserError extends Error {
  override name = "UserError";
}
