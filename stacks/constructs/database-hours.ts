import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule/index.js";
import { Construct } from "constructs";
import { operatingHoursRoleName, resourceName } from "../../common/naming.ts";
import { cronOf, type OperatingHours } from "../../common/operating-hours.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { awsServiceRole } from "./aws-service-role.ts";
import { allow, fromSource } from "./policy.ts";

export interface DatabaseHoursProps {
  readonly identifier: string;
  readonly hours: OperatingHours;
}

/** RDS takes minutes to start an instance. The tasks start with the hours. */
const START_EARLIER = 20;
/** The tasks stop with the hours, and finish their requests before the database stops. */
const STOP_LATER = 10;

/** Retries no longer than this: a late stop would end the next day's hours. */
const RETRY_SECONDS = 3600;

/**
 * Starts and stops the database with the operating hours, through universal targets of EventBridge Scheduler.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
 */
export class DatabaseHours extends Construct {
  constructor(scope: Construct, id: string, { identifier, hours }: DatabaseHoursProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env } = stack.settings;
    const role = awsServiceRole(this, "", {
      name: operatingHoursRoleName(env),
      description: "Lets EventBridge Scheduler start and stop the database",
      service: "scheduler.amazonaws.com",
      trustSid: "SchedulerAssumes",
      // Of the group, as AWS asks: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
      trustConditions: fromSource(stack, stack.regionalArn("scheduler", "schedule-group/default")),
      policyId: "Database",
      policyName: "start-and-stop-database",
      permissions: [
        allow(
          "StartAndStopDatabase",
          [stack.regionalArn("rds", `db:${identifier}`)],
          ["rds:StartDBInstance", "rds:StopDBInstance"],
        ),
      ],
    });
    const schedule = (constructId: string, action: "start" | "stop", minute: number) =>
      new SchedulerSchedule(this, constructId, {
        name: resourceName(env, `${action}-database`),
        description: `Operating hours of cipherwatch ${env}`,
        scheduleExpression: cronOf(hours, minute),
        scheduleExpressionTimezone: hours.timeZone,
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: `arn:${stack.partition}:scheduler:::aws-sdk:rds:${action}DBInstance`,
          roleArn: role.roleArn,
          input: JSON.stringify({ DbInstanceIdentifier: identifier }),
          retryPolicy: { maximumEventAgeInSeconds: RETRY_SECONDS, maximumRetryAttempts: 10 },
        },
        dependsOn: [role.permissions],
      });
    schedule("Start", "start", hours.opens - START_EARLIER);
    schedule("Stop", "stop", hours.closes + STOP_LATER);
  }
}
