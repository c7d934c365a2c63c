import { z } from "zod";
import type { Variables } from "./load.ts";
import { flag, type Refinement, same, setting, text, type ValuesOf } from "./setting.ts";

const EMAIL = /^([\w+'-]+\.)*[\w+'-]*[\w+-]@([a-z\d][a-z\d-]*\.)+[a-z]{2,}$/i;
const email = z.string().regex(EMAIL, "is not a valid email address").optional();

export const settings = {
  alertEmail: setting({
    description:
      "Email address that receives alarms. Required, unless CIPHERWATCH_ROUTINE_TOPIC_ARN names an existing topic.",
    schema: email,
    allowed: "one email address, such as security@example.com",
    next: "set it to the address that should receive the alarms",
  }),

  pagerEmail: setting({
    description:
      "Email address that receives urgent alarms, such as a pager's. CIPHERWATCH_ALERT_EMAIL if unset.",
    schema: email,
    allowed: "one email address, such as on-call@pager.example.com",
    next: "set it to the on-call address, or unset it to use CIPHERWATCH_ALERT_EMAIL",
  }),

  notifyOnOk: flag({
    description:
      "Also send an email when an alarm returns to OK. Off by default: an OK does not mean that an incident is over.",
    defaults: same(false),
  }),

  slackTeamId: setting({
    description:
      "Slack workspace with the channel that also receives the notifications. Needs CIPHERWATCH_SLACK_CHANNEL_ID.",
    schema: text(/^T[A-Z0-9]{2,254}$/, "is not the id of a Slack workspace").optional(),
    allowed: "the id of a workspace, such as T0123ABCDEF",
    next: "authorize the workspace in the console of Amazon Q Developer in chat applications, which shows the id",
  }),

  slackChannelId: setting({
    description:
      "Slack channel that receives the notifications in addition to the emails. None if unset.",
    schema: text(/^[CG][A-Z0-9]{2,254}$/, "is not the id of a Slack channel").optional(),
    allowed: "the id of a channel, such as C0123ABCDEF",
    next: "copy the channel's link in Slack: it ends with the id",
  }),

  monitoringCanary: flag({
    description:
      "Let the service try a wrong Key every half hour, and fire an alarm when its records stop arriving, so that broken monitoring is detected.",
    defaults: same(true),
  }),

  dashboard: flag({
    description: "Create a CloudWatch dashboard of all alarms and the metrics behind them.",
    defaults: same(true),
  }),

  alarmQueue: flag({
    description: "Send each alarm state change to an SQS queue, for programs to read.",
    defaults: same(false),
  }),

  webhookUrl: setting({
    description: "URL to which each alarm state change is posted as JSON. No webhook if unset.",
    schema: z
      .string()
      .refine((text) => URL.parse(text)?.protocol === "https:", "is not a valid HTTPS URL")
      .refine(
        (text) => !hasSecretPart(text),
        "has a user, password, query or fragment, which Terraform would store in its state",
      )
      .optional(),
    allowed: "an https:// URL without a user, a password, a query or a fragment",
    next: "put the webhook's secret in the Authorization header, as docs/alarm-events.md describes",
    secret: true,
  }),
};

export const refinements: readonly Refinement<ValuesOf<typeof settings>>[] = [
  {
    fields: ["slackChannelId", "slackTeamId"],
    check: ({ slackChannelId, slackTeamId }) =>
      (slackChannelId === undefined) !== (slackTeamId === undefined) &&
      "and CIPHERWATCH_SLACK_TEAM_ID must be set together",
    allowed: "both, or neither",
    next: "set both, or unset this one",
  },
];

function hasSecretPart(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username + url.password + url.search + url.hash !== "";
}

/**
 * Adds an alert address, for uses of the settings that send no email.
 * @returns the variables unchanged if they name existing topics, which exclude an address
 */
export function withPlaceholderEmail(variables: Variables): Variables {
  const { CIPHERWATCH_URGENT_TOPIC_ARN: urgent, CIPHERWATCH_ROUTINE_TOPIC_ARN: routine } =
    variables;
  if (`${urgent ?? ""}${routine ?? ""}`.trim() !== "") return variables;
  return { CIPHERWATCH_ALERT_EMAIL: "security@example.com", ...variables };
}
