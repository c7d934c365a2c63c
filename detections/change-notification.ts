import type { Detection } from "./detection.ts";

/** What of an event the notice tells, by CloudTrail's names for it. */
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
 * The input transformer for EventBridge that makes a mail of an event: what happened, and what to do.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function changeNotificationMessage(detection: Detection, runbook: string) {
  const text = [
    `${detection.title} (${detection.severity}): <event> by <who>, from <from>, at <at> in <region>.`,
    "CloudTrail event <id>. Refused, where an error stands here; else it is done: <error>",
    detection.why,
    ...detection.runbook.map((step, index) => `${index + 1}. ${step}`),
    `Runbook: ${runbook}`,
    "The alarm follows when the trail delivers the event, in some minutes.",
  ].join("\n");
  const unknown = [...text.matchAll(/<(.*?)>/g)].find(([, name = ""]) => !(name in PATHS));
  if (unknown !== undefined) {
    throw new Error(
      `EventBridge would take ${unknown[0]} in the notice of ${detection.id} for a variable; there are ${Object.keys(PATHS).join(", ")}. Write it without the brackets.`,
    );
  }
  // SNS gets the template as it is: within one string a line break would be mailed as `\n`.
  const template = text.split("\n").map((line) => JSON.stringify(line));
  return { paths: PATHS, template: template.join("\n") };
}
