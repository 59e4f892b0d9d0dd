export interface Dates {
  dateTime(date: Date): string;
  date(date: Date): string;
}

/** Dates for one Intl locale and zone. The 24-hour clock everywhere: nobody mistakes when a plan ends. */
export function datesFor(region: string, timeZone: string): Dates {
  let moments: Intl.DateTimeFormat | undefined;
  let days: Intl.DateTimeFormat | undefined;
  return {
    dateTime(date) {
      moments ??= new Intl.DateTimeFormat(region, {
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        timeZone,
      });
      return moments.format(date);
    },
    date(date) {
      days ??= new Intl.DateTimeFormat(region, { day: 'numeric', month: 'long', year: 'numeric', timeZone });
      return days.format(date);
    },
  };
}
