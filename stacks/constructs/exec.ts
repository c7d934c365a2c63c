import type { CipherwatchStack } from "../cipherwatch-stack.ts";
import { THIS_KEY } from "./encryption-key.ts";
import {
  accountPrincipals,
  allow,
  calledByRole,
  OPEN_EXEC_CHANNELS,
  type Statement,
} from "./policy.ts";

/**
 * Permissions and volumes for ECS Exec, if the settings allow commands in containers. ECS Exec records a
 * session with the container's `script` and `cat`; if the image lacks them, the log group stays empty.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-logging
 */

/**
 * Volume → directory that ECS Exec's agent must be able to write to, although the root is read-only.
 * https://github.com/aws/containers-roadmap/issues/1359
 */
export const EXEC_AGENT_DIRECTORIES: ReadonlyMap<string, string> = new Map([
  ["exec-agent", "/managed-agents"],
  ["exec-state", "/var/lib/amazon/ssm"],
  ["exec-log", "/var/log/amazon/ssm"],
]);

/** Lets the person who opens a session, and the task role, encrypt it with a data key. */
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
      conditions: [calledByRole(stack, roleName)],
    },
  ];
}

/**
 * Permissions of the task role, which the agent in the container uses.
 * @param keyArn key of the sessions, if they have one besides TLS
 */
export function execPermissions(logGroupArn: string, keyArn: string | undefined): Statement[] {
  return [
    // The actions of these two statements have no resource types.
    allow("OpenExecChannels", ["*"], OPEN_EXEC_CHANNELS),
    allow("FindExecLogs", ["*"], ["logs:DescribeLogGroups"]),
    allow(
      "WriteExecLogs",
      [logGroupArn, `${logGroupArn}:log-stream:*`],
      ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
    ),
    ...(keyArn === undefined ? [] : [allow("JoinExecSessions", [keyArn], ["kms:Decrypt"])]),
  ];
}
