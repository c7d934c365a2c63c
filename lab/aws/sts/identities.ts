import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../state/clock.ts";
import { partitionOf } from "../shared/arn.ts";
import type { Caller } from "../shared/operation.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface RoleSession {
  readonly roleName: string;
  readonly sessionName: string;
  /** Default: the ARN of a role without a path. */
  readonly roleArn?: string;
  /** Whether the session's calls come from the VPC. */
  readonly inVpc?: boolean;
  /** The source address of the calls. Default: the address of the connection. */
  readonly address?: string;
}

export interface Identities {
  /** Creates temporary credentials of a role, as AssumeRole returns and ECS provides to a task. */
  readonly addRoleSession: (session: RoleSession) => Credentials;
  /** Returns the role session with this access key, or an IAM user derived from it. */
  readonly callerFor: (accessKeyId: string) => Caller;
}

interface Account {
  readonly accountId: string;
  readonly region: string;
}

/**
 * Maps access keys to the principals of the account. An access key that belongs to no role session
 * becomes an IAM user of the same name: `AWS_ACCESS_KEY_ID=mallory` calls as the user mallory.
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
export function createIdentities(options: Account & { readonly clock: Clock }): Identities {
  const sessions = new Map<string, Caller>();
  return {
    addRoleSession: (session) => {
      const accessKeyId = `ASIA${base32(randomBytes(16))}`;
      const createdAt = options.clock.now();
      sessions.set(accessKeyId, assumedRole(session, accessKeyId, createdAt, options));
      return {
        accessKeyId,
        secretAccessKey: randomBytes(30).toString("base64"),
        sessionToken: randomBytes(120).toString("base64"),
      };
    },
    callerFor: (accessKeyId) => sessions.get(accessKeyId) ?? iamUser(accessKeyId, options),
  };
}

function assumedRole(
  { roleName, sessionName, roleArn: arnWithPath, inVpc = false, address }: RoleSession,
  accessKeyId: string,
  createdAt: number,
  { accountId, region }: Account,
): Caller {
  const partition = partitionOf(region);
  const roleId = uniqueId("AROA", accountId, roleName);
  const userId = `${roleId}:${sessionName}`;
  const arn = `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
  const roleArn = arnWithPath ?? `arn:${partition}:iam::${accountId}:role/${roleName}`;
  return {
    role: { name: roleName, arn: roleArn },
    ...(inVpc ? { inVpc } : {}),
    ...(address === undefined ? {} : { address }),
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
          arn: roleArn,
          accountId,
          userName: roleName,
        },
        attributes: {
          creationDate: new Date(createdAt).toISOString().replace(/\.\d+Z$/, "Z"),
          mfaAuthenticated: "false",
        },
      },
    },
  };
}

function iamUser(accessKeyId: string, { accountId, region }: Account): Caller {
  // Allowed user names: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  const userName = accessKeyId.replaceAll(/[^\w+=,.@-]/g, "-").slice(0, 64);
  const arn = `arn:${partitionOf(region)}:iam::${accountId}:user/${userName}`;
  const userId = uniqueId("AIDA", accountId, userName);
  return {
    arn,
    userId,
    accountId,
    accessKeyId,
    userIdentity: { type: "IAMUser", principalId: userId, arn, accountId, accessKeyId, userName },
  };
}

/** Returns an IAM unique id, derived from the account and the name so that it survives restarts. */
function uniqueId(prefix: "AIDA" | "AROA", accountId: string, name: string): string {
  const digest = createHash("sha256").update(`${prefix}/${accountId}/${name}`).digest();
  return prefix + base32(digest.subarray(0, 17));
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Encodes each byte as one character of the alphabet of IAM's unique ids. */
function base32(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => BASE32[byte & 31]).join("");
}
