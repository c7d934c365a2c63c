import { expect, test } from "vitest";
import { settings } from "./alarms.ts";
import { problemsOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  alertEmail: [
    "ALERT_EMAIL",
    " ops@example.com ",
    "ops@example.com",
    {
      "security(at)example.com": /e-mail/,
      "security@localhost": /e-mail/,
      ".security@example.com": /e-mail/,
      "security..team@example.com": /e-mail/,
      "security@example.com,ops@example.com": /e-mail/,
    },
  ],
  pagerEmail: [
    "PAGER_EMAIL",
    "on-call+urgent@pager.example.com",
    "on-call+urgent@pager.example.com",
    { pager: /e-mail/ },
  ],
  okNotices: ["OK_NOTICES", "YES", true, { never: /neither true nor false/ }],
  alarmQueue: ["ALARM_QUEUE", "on", true, { SQS: /neither true nor false/ }],
  webhookUrl: [
    "WEBHOOK_URL",
    "https://hooks.example.com/cipherwatch",
    "https://hooks.example.com/cipherwatch",
    {
      "hooks.example.com": /no HTTPS URL/,
      "http://hooks.example.com/": /no HTTPS URL/,
      "https://user:pw@hooks.example.com/": /secret in Terraform's state/,
      "https://a.b/?key=1": /secret in Terraform's state/,
      "https://a.b/#key": /secret in Terraform's state/,
    },
  ],
});

test("a missing alert address says what to set", () => {
  const [problem] = problemsOf({ ALERT_EMAIL: "" });
  expect(problem).toMatchObject({
    variable: "CIPHERWATCH_ALERT_EMAIL",
    wrong: "this is not set",
    next: "set it to whom the alarms should mail",
  });
  expect(problem).not.toHaveProperty("received");
});

test("a wrong webhook is not shown: it may be a secret", () => {
  const WEBHOOK_URL = "https://user:pw@hooks.example.com/";
  expect(() => settingsOf({ WEBHOOK_URL })).toThrow(/^1 setting is wrong(?!.*user:pw)/s);
});
