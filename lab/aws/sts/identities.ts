import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../state/clock.ts";
import { partitionOf } from "../shared/arn.ts";
import type { Caller } from "../shared/operation.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface Identities {
  /** Temporary credentials of a role of the account, as ECS hands them to a task. */
  readonly addRoleSession: (session: {
    readonly roleName: string;
    readonly sessionName: string;
  }) => Credentials;
  /** Who an access key belongs to: a session added here, or else an IAM user of the account. */
  readonly callerFor: (accessKeyId: string) => Caller;
}

/**
 * The principals of the lab's account. Every access key is somebody: one that belongs to no session
 * is the key of the IAM user who has its id for a name, so `AWS_ACCESS_KEY_ID=mallory` is mallory.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
export function createIdentities({
  accountId,
  region,
  clock,
}: {
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
}): Identities {
  const arnStart = `arn:${partitionOf(region)}`;
  const sessions = new Map<string, Caller>();

  return {
    addRoleSession: ({ roleName, sessionName }) => {
      const accessKeyId = `ASIA${base32(randomBytes(16))}`;
      const roleId = uniqueId("AROA", accountId, roleName);
      const userId = `${roleId}:${sessionName}`;
      const arn = `${arnStart}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
      sessions.set(accessKeyId, {
        arn,
        userId,
        accountId,
        accessKeyId,
        userIdentity: {
          type: "AssumedRole",
          principalId: userId,
          arn,
          accountId,
          accessKeyId,
          sessionContext: {
            sessionIssuer: {
              type: "Role",
              principalId: roleId,
              arn: `${arnStart}:iam::${accountId}:role/${roleName}`,
              accountId,
              userName: roleName,
            },
            attributes: {
              creationDate: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z"),
              mfaAuthenticated: "false",
            },
          },
        },
      });
      return {
        accessKeyId,
        secretAccessKey: randomBytes(30).toString("base64"),
        sessionToken: randomBytes(120).toString("base64"),
      };
    },

    callerFor: (accessKeyId) => {
      const session = sessions.get(accessKeyId);
      if (session !== undefined) return session;
      // What IAM allows in a user name: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      const userName = accessKeyId.replaceAll(/[^\w+=,.@-]/g, "-").slice(0, 64);
      const arn = `${arnStart}:iam::${accountId}:user/${userName}`;
      const userId = uniqueId("AIDA", accountId, userName);
      return {
        arn,
        userId,
        accountId,
        accessKeyId,
        userIdentity: {
          type: "IAMUser",
          principalId: userId,
          arn,
          accountId,
          accessKeyId,
          userName,
        },
      };
    },
  };
}

/** An IAM unique id, always the same for the same name in the same account. */
function uniqueId(prefix: "AIDA" | "AROA", accountId: string, name: string): string {
  const digest = createHash("sha256").update(`${prefix}/${accountId}/${name}`).digest();
  return prefix + base32(digest.subarray(0, 17));
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** One character a byte, of the alphabet that IAM's ids are written in. */
function base32(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => BASE32[byte & 31]).join("");
}
