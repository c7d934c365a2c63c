import { expect, test } from "vitest";
import { settings } from "./alarms.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  alertEmail: [
    "ALERT_EMAIL",
    " ops@example.com ",
    "ops@example.com",
    {
      "security(at)example.com": /^is not a valid email address$/,
      "security@localhost": /^is not a valid email address$/,
      ".security@example.com": /^is not a valid email address$/,
      "security..team@example.com": /^is not a valid email address$/,
      "security@example.com,ops@example.com": /^is not a valid email address$/,
    },
  ],
  pagerEmail: [
    "PAGER_EMAIL",
    "on-call+urgent@pager.example.com",
    "on-call+urgent@pager.example.com",
    { pager: /^is not a valid email address$/ },
  ],
  notifyOnOk: ["NOTIFY_ON_OK", "YES", true, { never: /must be true or false/ }],
  slackTeamId: [
    "SLACK_TEAM_ID",
    "T0123ABCDEF",
    "T0123ABCDEF",
    { "my-workspace": /^is not the id of a Slack workspace$/ },
  ],
  slackChannelId: [
    "SLACK_CHANNEL_ID",
    "C0123ABCDEF",
    "C0123ABCDEF",
    { "#alarms": /^is not the id of a Slack channel$/ },
  ],
  monitoringCanary: ["MONITORING_CANARY", "off", false, { hourly: /must be true or false/ }],
  dashboard: ["DASHBOARD", "false", false, { hidden: /must be true or false/ }],
  alarmQueue: ["ALARM_QUEUE", "on", true, { SQS: /must be true or false/ }],
  webhookUrl: [
    "WEBHOOK_URL",
    "https://hooks.example.com/cipherwatch",
    "https://hooks.example.com/cipherwatch",
    {
      "hooks.example.com": /^is not a valid HTTPS URL$/,
      "http://hooks.example.com/": /^is not a valid HTTPS URL$/,
      "https://user:pw@hooks.example.com/": /^has a user, password, query or fragment/,
      "https://a.b/?key=1": /^has a user, password, query or fragment/,
      "https://a.b/#key": /^has a user, password, query or fragment/,
    },
  ],
});

test("reports a missing alert address with the next step", () => {
  const [issue] = issuesOf({ ALERT_EMAIL: "" });
  expect(issue).toMatchObject({
    variable: "CIPHERWATCH_ALERT_EMAIL",
    message: "must be set",
    next: expect.stringMatching(/^set it to the address that should receive the alarms/),
  });
  expect(issue).not.toHaveProperty("received");
});

test("never shows an invalid webhook URL, which may hold a secret", () => {
  const WEBHOOK_URL = "https://user:pw@hooks.example.com/";
  expect(() => settingsOf({ WEBHOOK_URL })).toThrow(/^1 setting is invalid(?!.*user:pw)/s);
});

test("requires a Slack workspace and a channel together", () => {
  for (const one of [{ SLACK_TEAM_ID: "T0123ABCDEF" }, { SLACK_CHANNEL_ID: "C0123ABCDEF" }]) {
    expect(issuesOf(one)).toMatchObject([
      { message: "and CIPHERWATCH_SLACK_TEAM_ID must be set together" },
    ]);
  }
});
