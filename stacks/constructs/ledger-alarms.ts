import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js";
import { Construct } from "constructs";
import { resourceName, serviceNamespace } from "../../common/naming.ts";
import { countingStatistic } from "../../detections/alarm-statistic.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export interface LedgerAlarmsProps {
  readonly topicArn: string;
}

/** Alarms on the erasure ledger: it cannot be applied to the database, or forgotten records came back. */
export class LedgerAlarms extends Construct {
  constructor(scope: Construct, id: string, { topicArn }: LedgerAlarmsProps) {
    super(scope, id);
    const { env } = CipherwatchStack.of(this).settings;
    const common = {
      namespace: serviceNamespace(env),
      dimensions: { Service: "api" },
      statistic: countingStatistic(1),
      period: 60,
      evaluationPeriods: 15, // a point may arrive ten minutes late
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      treatMissingData: "notBreaching",
      actionsEnabled: true,
      alarmActions: [topicArn],
    };
    new CloudwatchMetricAlarm(this, "Unapplied", {
      ...common,
      alarmName: resourceName(env, "ledger-unapplied"),
      alarmDescription: UNAPPLIED,
      metricName: "LedgerUnapplied",
      datapointsToAlarm: 5, // a pass that fails is repeated after a minute
    });
    new CloudwatchMetricAlarm(this, "Returned", {
      ...common,
      alarmName: resourceName(env, "record-returned"),
      alarmDescription: RETURNED,
      metricName: "ReturnedRecords",
      datapointsToAlarm: 1,
    });
  }
}

const UNAPPLIED = [
  "The service cannot apply the erasure ledger to the database (critical).",
  "/forget answers 503. Tasks that started since, and all tasks if a backup was restored, refuse decrypts with 503 until the ledger is applied.",
  '1. Find the reason in the service\'s log: filter on the message "the erasure ledger was not applied".',
  "2. AccessDeniedException or ResourceNotFoundException: run npm run diff database service. Somebody changed the log group, the role's statement UseLedger or the VPC endpoint of CloudWatch Logs.",
  "3. ErasuresPending: the database was replaced during the pass. The next pass applies the ledger to it. Otherwise see the AWS Health Dashboard.",
].join("\n");

const RETURNED = [
  "Forgotten records had come back to the database, and the service deleted them again (critical).",
  "No caller could decrypt them if the whole database was restored. A record that somebody copied from a backup into the live database opened with its Key until it was deleted.",
  "1. Did you restore a backup? Then this is its expected result. See docs/restore.md.",
  "2. If not, somebody writes to the database: look for the alarms database-copy and secret-access, and for sessions of database roles other than cipherwatch_service in the log group of PostgreSQL.",
].join("\n");
