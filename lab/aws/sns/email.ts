/** An email as SNS would send it. The inbox's journal has one entry for each. */
export interface Mail {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  /** The default text of the message: for an alarm, its notification as JSON. */
  readonly message: string;
  readonly topicArn: string;
}

/** Returns the body of an email to a subscriber with the protocol `email`. */
export function emailBody(
  text: string,
  region: string,
  { arn, endpoint }: { readonly arn: string; readonly endpoint: string },
): string {
  return `${text}

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.${region}.amazonaws.com/unsubscribe.html?SubscriptionArn=${arn}&Endpoint=${endpoint}

Please do not reply directly to this email. If you have any questions or comments regarding this email, please contact us at https://aws.amazon.com/support
`;
}

/**
 * Returns the body of an email to a subscriber with the protocol `email-json`. It has no signature,
 * because the lab does not sign messages.
 */
export function emailJsonBody(notification: {
  readonly messageId: string;
  readonly at: number;
  readonly topicArn: string;
  readonly subject: string | undefined;
  readonly text: string;
}): string {
  const { messageId, at, topicArn, subject, text } = notification;
  return JSON.stringify(
    {
      Type: "Notification",
      MessageId: messageId,
      TopicArn: topicArn,
      Subject: subject,
      Message: text,
      Timestamp: new Date(at).toISOString(),
    },
    null,
    2,
  );
}
