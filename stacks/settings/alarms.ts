import { checkedText, flag, text } from "./kinds.ts";
import { byDefault, optional } from "./setting.ts";

const EMAIL = /^([\w+'-]+\.)*[\w+'-]*[\w+-]@([a-z\d][a-z\d-]*\.)+[a-z]{2,}$/i;
const NO_EMAIL = "this is no e-mail address";

export const settings = {
  /** Whom the alarms mail. There is no default: nobody would hear the alarms. */
  alertEmail: text(EMAIL, {
    wrong: NO_EMAIL,
    allowed: "one e-mail address, such as security@example.com",
    next: "set it to whom the alarms should mail",
  }),

  /** Whom urgent alarms mail, such as the address of a pager. alertEmail unless said otherwise. */
  pagerEmail: optional(
    text(EMAIL, {
      wrong: NO_EMAIL,
      allowed: "one e-mail address, such as on-call@pager.example.com",
      next: "set it to whom alarms should wake, or unset it for CIPHERWATCH_ALERT_EMAIL",
    }),
  ),

  /** Mail when an alarm is over, too. Off: that nobody tries now does not settle who tried. */
  okNotices: byDefault(false, flag),

  /** Put each change of an alarm's state into a queue, for programs to read. */
  alarmQueue: byDefault(false, flag),

  /** Where each change of an alarm's state is posted as JSON. Nowhere unless said otherwise. */
  webhookUrl: {
    ...optional(
      checkedText(webhookProblems, {
        allowed: "an https:// URL without a user, a password, a query or a fragment",
        next: "keep its secret in the Authorization header, which docs/alarm-events.md says how to set",
      }),
    ),
    neverShown: true,
  },
};

function webhookProblems(text: string): readonly string[] {
  const url = URL.parse(text);
  if (url === null) return ["this is no HTTPS URL"];
  const { protocol, username, password, search, hash } = url;
  const tellsSecret = [username, password, search, hash].some((part) => part !== "");
  return [
    ...(protocol === "https:" ? [] : ["this is no HTTPS URL"]),
    ...(tellsSecret ? ["this would keep a secret in Terraform's state"] : []),
  ];
}
