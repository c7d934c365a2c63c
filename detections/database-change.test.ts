import { expect, test } from "vitest";
import { matches } from "../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../cloudwatch/pattern/parse.ts";
import { databaseChange } from "./database-change.ts";
import { managementEvent, roleSession, user } from "./example-events.ts";
import { filterPatterns } from "./exclusions.ts";
import { createExampleScope } from "./scope.ts";

const hours = { days: ["MON"], opens: 420, closes: 1140, timeZone: "Australia/Sydney" };
const scheduler = {
  ...roleSession("cipherwatch-dev-operating-hours", "scheduler"),
  invokedBy: "scheduler.amazonaws.com",
};

test.each([
  ["the schedules' role with operating hours", { operatingHours: hours }, scheduler, false],
  ["anybody else with operating hours", { operatingHours: hours }, user, true],
  ["that role without operating hours", {}, scheduler, true],
])("counts a stop of the database by %s: %#", (_, settings, caller, isCounted) => {
  const scope = createExampleScope("dev", "ap-southeast-2", settings);
  const record = managementEvent(caller, {
    eventSource: "rds.amazonaws.com",
    eventName: "StopDBInstance",
    readOnly: false,
    requestParameters: { dBInstanceIdentifier: "cipherwatch-dev-database" },
  });
  const patterns = filterPatterns(databaseChange, scope).map(parsePattern);
  expect(patterns.some((pattern) => matches(pattern, JSON.stringify(record)))).toBe(isCounted);
});
