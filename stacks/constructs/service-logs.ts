import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import {
  keyAlias,
  logGroupName,
  resourceName,
  serviceLogGroupName,
  serviceRoleName,
} from "../../common/naming.ts";
import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import { grantLogGroups, supportingKey } from "./encryption-key.ts";
import { grantExecSessions } from "./exec.ts";
import { KeyChangeRule } from "./key-change-rule.ts";
import { encryptedLogGroup } from "./log-group.ts";

export interface ServiceLogs {
  /** ARN of the key that encrypts all of them. Undefined if CloudWatch Logs owns it. */
  readonly keyArn: string | undefined;
  readonly service: CloudwatchLogGroup;
  /** Sessions of ECS Exec: commands and their output. */
  readonly exec: CloudwatchLogGroup;
  readonly waf: CloudwatchLogGroup;
  readonly insights: CloudwatchLogGroup;
}

/** Adds the log groups of the service stack, with a key for all of them. */
export function serviceLogs(stack: CipherwatchStack, clusterName: string): ServiceLogs {
  const { env, executeCommand } = stack.settings;
  const service = serviceLogGroupName(env);
  const exec = logGroupName(env, "exec");
  const waf = `aws-waf-logs-${resourceName(env, "service")}`;
  // Otherwise Container Insights creates this log group itself, unencrypted and without expiration.
  const insights = `/aws/ecs/containerinsights/${clusterName}/performance`;
  const keyArn = supportingKey(stack, "LogsKey", {
    alias: keyAlias(env, "service-logs"),
    description: `Encrypts the service logs of cipherwatch ${env}, and sessions of ECS Exec`,
    grants: [
      grantLogGroups(stack, service, exec, waf, insights),
      ...(executeCommand ? grantExecSessions(stack, serviceRoleName(env)) : []),
    ],
  });
  if (keyArn !== undefined) {
    new KeyChangeRule(stack, "LogsKeyChange", {
      keyArn,
      part: "service-logs",
      encrypts: "the service's logs",
    });
  }
  return {
    keyArn,
    service: encryptedLogGroup(stack, "ServiceLogs", { name: service, keyArn }),
    exec: encryptedLogGroup(stack, "ExecLogs", { name: exec, keyArn }),
    waf: encryptedLogGroup(stack, "WafLogs", { name: waf, keyArn }),
    insights: encryptedLogGroup(stack, "InsightsLogs", { name: insights, keyArn }),
  };
}
