import { checkedText, flag, text } from "./kinds.ts";

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
  pagerEmail: text(EMAIL, {
    wrong: NO_EMAIL,
    allowed: "one e-mail address, such as on-call@pager.example.com",
    next: "set it to whom alarms should wake, or unset it for CIPHERWATCH_ALERT_EMAIL",
  }).optional(),

  /** Mail when an alarm is over, too. Off: that nobody tries now does not settle who tried. */
  okNotices: flag.byDefault(false),

  /** Put each change of an alarm's state into a queue, for programs to read. */
  alarmQueue: flag.byDefault(false),

  /** Where each change of an alarm's state is posted as JSON. Nowhere unless said otherwise. */
  webhookUrl: checkedText(webhookProblems, {
    allowed: "an https:// URL without a user, a password, a query or a fragment",
    next: "keep its secret in the Authorization header, which docs/alarm-events.md says how to set",
    neverShown: true,
  }).optional(),
};

function webhookProblems(text: string): readonly string[] {
  const url = URL.parse(text);
  const secrets = url === null ? [] : [url.username, url.password, url.search, url.hash];
  const wrongs = [
    url?.protocol !== "https:" && "this is no HTTPS URL",
    secrets.some((part) => part !== "") && "this would keep a secret in Terraform's state",
  ];
  return wrongs.filter((wrong) => wrong !== false);
}
