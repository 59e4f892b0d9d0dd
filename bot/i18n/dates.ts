export interface Dates {
  dateTime(date: Date, now: Date): string;
  date(date: Date): string;
}

const SHORT = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
} as const;

/** As far as a day and month can be from now before somebody takes them for those of another year. */
const CLEAR_WITHOUT_YEAR_MS = 300 * 86_400_000;

/** Dates for one Intl locale and zone. The 24-hour clock everywhere: nobody mistakes when a plan ends. */
export function datesFor(region: string, timeZone: string): Dates {
  let near: Intl.DateTimeFormat | undefined;
  let far: Intl.DateTimeFormat | undefined;
  let days: Intl.DateTimeFormat | undefined;
  return {
    dateTime(date, now) {
      if (Math.abs(date.getTime() - now.getTime()) > CLEAR_WITHOUT_YEAR_MS) {
        far ??= new Intl.DateTimeFormat(region, { ...SHORT, year: 'numeric', timeZone });
        return far.format(date);
      }
      near ??= new Intl.DateTimeFormat(region, { ...SHORT, timeZone });
      return near.format(date);
    },
    date(date) {
      days ??= new Intl.DateTimeFormat(region, { day: 'numeric', month: 'long', year: 'numeric', timeZone });
      return days.format(date);
    },
  };
}
