import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import { THIS_KEY } from "./encryption-key.ts";
import { accountPrincipals, type Statement } from "./policy.ts";

/**
 * What ECS Exec needs, where the settings let commands run in a container. It records a session by the
 * container's own `script` and `cat`: of an image without them the log group stays empty.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-logging
 */

/**
 * Volume → directory that ECS Exec's agent writes to, in a container whose root is read-only.
 * https://github.com/aws/containers-roadmap/issues/1359
 */
export const EXEC_AGENT_DIRECTORIES: ReadonlyMap<string, string> = new Map([
  ["exec-agent", "/managed-agents"],
  ["exec-state", "/var/lib/amazon/ssm"],
  ["exec-log", "/var/log/amazon/ssm"],
]);

/** Lets a session be encrypted with a data key of the key, between who opens it and the tasks' role. */
export function grantExecSessions(stack: CipherwatchStack, roleName: string): Statement[] {
  const principals = accountPrincipals(stack);
  return [
    {
      sid: "AdministratorsOpenSessions",
      principals,
      actions: ["kms:GenerateDataKey"],
      resources: THIS_KEY,
    },
    {
      sid: "TasksJoinSessions",
      principals,
      actions: ["kms:Decrypt"],
      resources: THIS_KEY,
      conditions: [["ArnEquals", "aws:PrincipalArn", stack.globalArn("iam", `role/${roleName}`)]],
    },
  ];
}

/** What the tasks' role needs: the agent in the container takes it. */
export function execPermissions(logGroupArn: string, keyArn: string): Statement[] {
  return [
    {
      sid: "OpenExecChannels",
      actions: [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      resources: ["*"], // AWS offers nothing narrower
    },
    { sid: "FindExecLogs", actions: ["logs:DescribeLogGroups"], resources: ["*"] }, // nor here
    {
      sid: "WriteExecLogs",
      actions: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      resources: [logGroupArn, `${logGroupArn}:log-stream:*`],
    },
    { sid: "JoinExecSessions", actions: ["kms:Decrypt"], resources: [keyArn] },
  ];
}
