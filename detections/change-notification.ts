import type { AlarmSummary } from "./alarm-description.ts";

/** Fields of the event that the notification contains. */
const PATHS = {
  event: "$.detail.eventName",
  who: "$.detail.userIdentity.arn",
  from: "$.detail.sourceIPAddress",
  at: "$.detail.eventTime",
  region: "$.detail.awsRegion",
  id: "$.detail.eventID",
  error: "$.detail.errorCode",
} as const;

/**
 * The EventBridge input transformer that turns an event into an email: what happened, and what to do.
 * @param next what happens after the email
 * @throws if the text contains an unknown variable in angle brackets
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function changeNotificationMessage(
  detection: AlarmSummary,
  runbook: string,
  next = "The alarm fires in a few minutes, when the trail delivers the event.",
) {
  const text = [
    `${detection.title} (${detection.severity}): <event> by <who>, from <from>, at <at> in <region>.`,
    "CloudTrail event <id>. Error code, empty if the call succeeded: <error>",
    detection.why,
    ...detection.runbook.map((step, index) => `${index + 1}. ${step}`),
    `Runbook: ${runbook}`,
    next,
  ].join("\n");
  const unknown = [...text.matchAll(/<(.*?)>/g)].find(([, name = ""]) => !(name in PATHS));
  if (unknown !== undefined) {
    throw new Error(
      `EventBridge would read ${unknown[0]} in the change notification of ${detection.id} as a variable, but the variables are ${Object.keys(PATHS).join(", ")}. Write it without angle brackets.`,
    );
  }
  // One string per line: within a string, the email would show a line break as `\n`.
  const template = text.split("\n").map((line) => JSON.stringify(line));
  return { paths: PATHS, template: template.join("\n") };
}
