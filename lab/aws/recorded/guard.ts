import type { Call, Operations } from "../shared/operation.ts";
import type { Members } from "./recorded-operation.ts";

interface Guard {
  /** The prefix of the service's actions in policies. */
  readonly prefix: string;
  /** Returns the ARN of the resource whose permission is checked; undefined for `*`. */
  readonly resource: (members: Members, call: Call) => string | undefined;
}

/** Evaluates policies before each operation of a service whose resources have no policies of their own. */
export function guard({ prefix, resource }: Guard, operations: Operations): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (input, call) => {
        const members = (input ?? {}) as Members;
        call.authorize({
          action: `${prefix}:${name}`,
          resource: resource(members, call) ?? "*",
        });
        return operation(input, call);
      },
    ]),
  );
}

const arn = (service: string, { region, caller }: Call, resource: string) =>
  `arn:aws:${service}:${region}:${caller.accountId}:${resource}`;

const firstText = (members: Members, ...names: readonly string[]) =>
  names.map((name) => members[name]).find((value) => typeof value === "string");

/** @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html */
export const LOGS: Guard = {
  prefix: "logs",
  resource: (members, call) => {
    const name = firstText(members, "logGroupName", "logGroupIdentifier", "resourceIdentifier");
    if (name?.startsWith("arn:")) return name;
    return name === undefined ? undefined : arn("logs", call, `log-group:${name}:*`);
  },
};

/** @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html */
export const CLOUDWATCH: Guard = {
  prefix: "cloudwatch",
  resource: (members, call) => {
    const [first] = Array.isArray(members.AlarmNames) ? members.AlarmNames : [members.AlarmName];
    return typeof first === "string" ? arn("cloudwatch", call, `alarm:${first}`) : undefined;
  },
};

/** @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html */
export const SNS: Guard = {
  prefix: "sns",
  resource: (members) => firstText(members, "TopicArn", "SubscriptionArn", "ResourceArn"),
};

/** @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html */
export const CLOUDTRAIL: Guard = {
  prefix: "cloudtrail",
  resource: (members, call) => {
    const name = firstText(members, "Name", "TrailName");
    if (name === undefined || name.startsWith("arn:")) return name;
    return arn("cloudtrail", call, `trail/${name}`);
  },
};
