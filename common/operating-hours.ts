/** Hours in which an environment runs, the same on each of its days. Times are minutes after midnight in the time zone. */
export interface OperatingHours {
  /** Names of the days as in cron expressions of AWS, such as MON, in the order of the week. */
  readonly days: readonly string[];
  readonly opens: number;
  readonly closes: number;
  /** IANA name, such as Australia/Sydney. */
  readonly timeZone: string;
}

const WEEK = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const MINUTES_OF_DAY = 1440;

/** A start of RDS takes minutes, and a stop waits for the tasks: both must be on the same day as the hours. */
const EARLIEST = 60;
const LATEST = 23 * 60;
/** Room for the backup and the maintenance window in summer and in winter. */
const SHORTEST = 4 * 60;

export const OPERATING_HOURS_ALLOWED =
  "days, hours between 01:00 and 23:00, at least 4 of them, and a time zone, such as Mon-Fri 07:00-19:00 Australia/Sydney";

const PATTERN = /^([a-z]{3})(?:-([a-z]{3}))? (\d\d):([0-5]\d)-(\d\d):([0-5]\d) (\S+)$/i;

/** @returns the hours, or an error message */
export function parseOperatingHours(text: string): OperatingHours | string {
  const match = PATTERN.exec(text);
  if (match === null) return "must be days, hours and a time zone";
  const [, first = "", last = first, ...times] = match;
  const [from, to] = [first, last].map((day) => WEEK.indexOf(day.toUpperCase()));
  if (from === undefined || to === undefined || from < 0 || to < from)
    return `has the days ${first}-${last}, which must be in the order of the week from Mon to Sun`;
  const [openHour, openMinute, closeHour, closeMinute] = times.map(Number);
  const opens = Number(openHour) * 60 + Number(openMinute);
  const closes = Number(closeHour) * 60 + Number(closeMinute);
  if (opens < EARLIEST || closes > LATEST) return "must be between 01:00 and 23:00";
  if (closes - opens < SHORTEST) return "must be at least 4 hours of the same day";
  const timeZone = String(match[7]);
  if (!isTimeZone(timeZone)) return `has ${timeZone}, which is not the name of a time zone`;
  return { days: WEEK.slice(from, to + 1), opens, closes, timeZone };
}

/** Intl also knows offsets, such as +10:00, and ignores case; EventBridge Scheduler does neither. */
const ZONE_NAME = /^[A-Z][A-Za-z_]+(\/[A-Z][\w+-]*)*$/;

function isTimeZone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** A cron expression of EventBridge Scheduler and Application Auto Scaling, for a minute of each operating day. */
export function cronOf({ days }: OperatingHours, minute: number): string {
  return `cron(${minute % 60} ${Math.floor(minute / 60)} ? * ${days.join(",")} *)`;
}

/**
 * Windows of RDS in UTC, each half an hour, that are within the operating hours in summer and in winter: RDS backs
 * up and maintains only databases that run.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html
 */
export function databaseWindows(hours: OperatingHours): {
  readonly backup: string;
  readonly maintenance: string;
} {
  const { days, opens, timeZone } = hours;
  const start = opens - Math.min(...[0, 6].map((month) => utcOffset(timeZone, month)));
  const [backup, maintenance] = [start + 30, start + 90];
  const day = WEEK.indexOf(days[0] ?? "") + Math.floor(maintenance / MINUTES_OF_DAY);
  const name = WEEK.at(day % WEEK.length)?.toLowerCase();
  return {
    backup: `${clock(backup)}-${clock(backup + 30)}`,
    maintenance: `${name}:${clock(maintenance)}-${endDay(maintenance, day)}:${clock(maintenance + 30)}`,
  };
}

function endDay(start: number, day: number): string {
  const crosses = Math.floor((start + 30) / MINUTES_OF_DAY) > Math.floor(start / MINUTES_OF_DAY);
  return String(WEEK.at((day + (crosses ? 1 : 0)) % WEEK.length)).toLowerCase();
}

function clock(minute: number): string {
  const ofDay = ((minute % MINUTES_OF_DAY) + MINUTES_OF_DAY) % MINUTES_OF_DAY;
  return [Math.floor(ofDay / 60), ofDay % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** Minutes by which the zone is ahead of UTC at the start of a month of 2026. */
function utcOffset(timeZone: string, month: number): number {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone,
    timeZoneName: "longOffset",
  }).formatToParts(Date.UTC(2026, month, 1));
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours = 0, minutes = 0] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
