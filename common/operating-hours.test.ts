import { expect, test } from "vitest";
import {
  cronOf,
  databaseWindows,
  type OperatingHours,
  parseOperatingHours,
} from "./operating-hours.ts";

function hoursOf(text: string): OperatingHours {
  const hours = parseOperatingHours(text);
  if (typeof hours === "string") throw new Error(hours);
  return hours;
}

test("reads days, hours and the time zone", () => {
  expect(hoursOf("Mon-Fri 07:00-19:30 Australia/Sydney")).toEqual({
    days: ["MON", "TUE", "WED", "THU", "FRI"],
    opens: 420,
    closes: 1170,
    timeZone: "Australia/Sydney",
  });
  expect(hoursOf("sat 08:00-12:00 UTC").days).toEqual(["SAT"]);
});

test.each([
  ["weekdays", /^must be days, hours and a time zone$/],
  ["Fri-Mon 07:00-19:00 UTC", /^has the days Fri-Mon, which must be in the order of the week/],
  ["Mon-Fri 00:30-19:00 UTC", /^must be between 01:00 and 23:00$/],
  ["Mon-Fri 19:00-07:00 UTC", /^must be at least 4 hours of the same day$/],
  ["Mon-Fri 07:00-10:30 UTC", /^must be at least 4 hours of the same day$/],
  ["Mon-Fri 07:00-19:00 +10:00", /^has \+10:00, which is not the name of a time zone$/],
  ["Mon-Fri 07:00-19:00 australia/sydney", /^has australia\/sydney, which is not the name/],
  ["Mon-Fri 07:00-19:00 Sydney", /^has Sydney, which is not the name of a time zone$/],
])("rejects %s", (text, message) => {
  expect(parseOperatingHours(text)).toMatch(message);
});

test("lists the days in cron expressions", () => {
  expect(cronOf(hoursOf("Mon-Wed 07:05-19:00 UTC"), 425)).toBe("cron(5 7 ? * MON,TUE,WED *)");
});

test.each([
  // UTC+11 in January, UTC+10 in July: 07:00 is 20:00 or 21:00 of the previous day.
  ["Mon-Fri 07:00-19:00 Australia/Sydney", "21:30-22:00", "sun:22:30-sun:23:00"],
  ["Mon-Fri 07:00-19:00 America/Los_Angeles", "15:30-16:00", "mon:16:30-mon:17:00"],
  ["Tue-Thu 18:00-22:00 America/New_York", "23:30-00:00", "wed:00:30-wed:01:00"],
  ["Mon-Fri 08:00-18:00 Asia/Kolkata", "03:00-03:30", "mon:04:00-mon:04:30"],
])("places the windows of RDS into %s in summer and in winter", (text, backup, maintenance) => {
  expect(databaseWindows(hoursOf(text))).toEqual({ backup, maintenance });
});
