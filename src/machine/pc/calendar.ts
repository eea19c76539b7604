// Woven from chapters/921-clock.md.
/** A date and a time; the month counts from 1, Sunday is 0. */
export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY = 86_400, FROM_MARCH_0 = 719_468, DAYS_400 = 146_097;

/** The date of so many seconds since 1970, in UTC. */
export function civil(seconds: number): Civil {
  const days = Math.floor(seconds / DAY), rest = seconds - days * DAY;
  const z = days + FROM_MARCH_0, era = Math.floor(z / DAYS_400);
  const doe = z - era * DAYS_400;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) +
    Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365);
  const doy = doe - (365 * yoe + (yoe >> 2) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return {
    year: yoe + era * 400 + (month < 3 ? 1 : 0), month,
    day: doy - Math.floor((153 * mp + 2) / 5) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(rest / 3600), minute: Math.floor(rest / 60) % 60,
    second: Math.floor(rest) % 60,
  };
}

/** Seconds since 1970 of a date. */
export function secondsOf(c: Omit<Civil, "weekday">): number {
  const y = c.month < 3 ? c.year - 1 : c.year, era = Math.floor(y / 400);
  const yoe = y - era * 400, mp = (c.month + 9) % 12;
  const doy = Math.floor((153 * mp + 2) / 5) + c.day - 1;
  const doe = yoe * 365 + (yoe >> 2) - Math.floor(yoe / 100) + doy;
  const days = era * DAYS_400 + doe - FROM_MARCH_0;
  return days * DAY + c.hour * 3600 + c.minute * 60 + c.second;
}
