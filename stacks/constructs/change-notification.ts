import { changeNotificationMessage } from "../../detections/change-notification.ts";
import { alarmNameOf, runbookUrl } from "../../detections/cloudwatch-names.ts";
import type { TrailDetection } from "../../detections/detection.ts";
import type { MonitoringScope } from "../../detections/scope.ts";
import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import { EventRule } from "./event-rule.ts";

export interface ChangeNotificationProps<Scope extends MonitoringScope> {
  readonly detection: TrailDetection<Scope>;
  readonly detectionScope: Scope;
  /** Each gets the notification. */
  readonly topicArns: readonly string[];
  readonly undeliveredArn: string;
}

/**
 * Notifies of a detection's write calls within seconds through EventBridge, minutes before the alarm, if the detection
 * has a change notification. A second rule reports what would silence the first.
 * @param id first part of the rules' construct ids
 */
export function addChangeNotification<Scope extends MonitoringScope>(
  stack: CipherwatchStack,
  id: string,
  { detection, detectionScope, topicArns, undeliveredArn }: ChangeNotificationProps<Scope>,
): void {
  const { changeNotification, title } = detection;
  if (changeNotification === undefined) return;
  const message = changeNotificationMessage(
    detection,
    runbookUrl(detection, stack.settings.githubRepository),
  );
  const addRule = (part: string, name: string, detail: Readonly<Record<string, unknown>>) =>
    new EventRule(stack, `${id}${part}`, {
      name,
      description: title,
      pattern: { "detail-type": ["AWS API Call via CloudTrail"], detail },
      targets: topicArns.map((arn, index) => ({
        id: index === 0 ? "Topic" : `Topic${index + 1}`,
        arn,
        message,
      })),
      undeliveredArn,
    });
  const name = alarmNameOf(detection, detectionScope);
  addRule("Notice", name, changeNotification.detail(detectionScope));
  if (changeNotification.guard !== undefined) {
    addRule("Guard", `${name}-guard`, changeNotification.guard(detectionScope));
  }
}
