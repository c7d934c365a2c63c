import { describe, expect, it } from "vitest";
import { manualClock } from "../../testing/manual-clock.ts";
import { createIdentities } from "./identities.ts";

const options = {
  accountId: "111122223333",
  region: "ap-southeast-2",
  clock: manualClock(Date.parse("2026-11-20T01:02:03.456Z")),
};

describe("role sessions", () => {
  it("have the identity that CloudTrail records for an assumed role", () => {
    const identities = createIdentities(options);
    const session = { roleName: "cipherwatch-service", sessionName: "task-1" };
    const credentials = identities.addRoleSession(session);
    expect(credentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    const caller = identities.callerFor(credentials.accessKeyId);
    const arn = "arn:aws:sts::111122223333:assumed-role/cipherwatch-service/task-1";
    const roleId = caller.userId.split(":")[0];
    expect(roleId).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(caller).toEqual({
      role: {
        name: "cipherwatch-service",
        arn: "arn:aws:iam::111122223333:role/cipherwatch-service",
      },
      arn,
      userId: `${roleId}:task-1`,
      accountId: "111122223333",
      accessKeyId: credentials.accessKeyId,
      userIdentity: {
        type: "AssumedRole",
        principalId: `${roleId}:task-1`,
        arn,
        accountId: "111122223333",
        accessKeyId: credentials.accessKeyId,
        sessionContext: {
          sessionIssuer: {
            type: "Role",
            principalId: roleId,
            arn: "arn:aws:iam::111122223333:role/cipherwatch-service",
            accountId: "111122223333",
            userName: "cipherwatch-service",
          },
          attributes: { creationDate: "2026-11-20T01:02:03Z", mfaAuthenticated: "false" },
        },
      },
    });
  });

  it("have different credentials, but a stable role id", () => {
    const session = { roleName: "r", sessionName: "s" };
    const [one, other] = [createIdentities(options), createIdentities(options)];
    const [first, second] = [one.addRoleSession(session), other.addRoleSession(session)];
    expect(first.accessKeyId).not.toBe(second.accessKeyId);
    expect(first.secretAccessKey).not.toBe(second.secretAccessKey);
    expect(one.callerFor(first.accessKeyId).userId).toBe(
      other.callerFor(second.accessKeyId).userId,
    );
    expect(other.callerFor(first.accessKeyId).userIdentity.type).toBe("IAMUser");
  });
});

describe("other access keys", () => {
  it("belong to an IAM user of that name with a stable id", () => {
    const caller = createIdentities(options).callerFor("mallory");
    expect(caller).toEqual(createIdentities(options).callerFor("mallory"));
    expect(caller.userId).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect(caller.userIdentity).toEqual({
      type: "IAMUser",
      principalId: caller.userId,
      arn: "arn:aws:iam::111122223333:user/mallory",
      accountId: "111122223333",
      accessKeyId: "mallory",
      userName: "mallory",
    });
  });

  it("are mapped to a valid IAM user name", () => {
    const { arn } = createIdentities(options).callerFor(`a:b*${"c".repeat(100)}`);
    expect(arn).toMatch(/^arn:aws:iam::111122223333:user\/a-b-c{60}$/);
  });

  it("use the partition of the region", () => {
    const { callerFor } = createIdentities({ ...options, region: "cn-north-1" });
    expect(callerFor("a").arn).toBe("arn:aws-cn:iam::111122223333:user/a");
  });
});
