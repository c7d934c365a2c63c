import { describe, expect, it } from "vitest";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedRole } from "../../../terraform/access.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { memoryJournal } from "../../testing/memory-journal.ts";
import { recordOf } from "../cloudtrail/record.ts";
import { createAccess, type IamEntry } from "../iam/access.ts";
import type { Audit, AwsStructure, Call } from "../shared/operation.ts";
import { createIdentities } from "./identities.ts";
import { createSts } from "./sts.ts";

const ACCOUNT = "111122223333";
const NOW = Date.parse("2026-11-20T15:04:05Z");
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/cipherwatch-dev-service`;

/** Returns a role that `principal` may assume; if it is the account, every identity with the permission. */
const role = (arn: string, principal = `arn:aws:iam::${ACCOUNT}:user/alice`): DeployedRole => ({
  name: arn.split("/").at(-1) ?? "",
  arn,
  trustPolicy: JSON.stringify({
    Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action: "sts:AssumeRole" }],
  }),
  policies: [],
});

const READER_ARN = `arn:aws:iam::${ACCOUNT}:role/team/one/reader`;
const TASK_ARN = `arn:aws:iam::${ACCOUNT}:role/task`;

const access = {
  roles: [
    role(ROLE_ARN),
    role(READER_ARN, `arn:aws:iam::${ACCOUNT}:root`),
    {
      ...role(TASK_ARN),
      trustPolicy: JSON.stringify({
        Statement: {
          Effect: "Allow",
          Principal: { Service: "ecs-tasks.amazonaws.com" },
          Action: "sts:AssumeRole",
        },
      }),
    },
  ],
  endpoints: [],
  databases: [],
};

function start(region = "ap-southeast-2") {
  const clock = manualClock(NOW);
  const identities = createIdentities({ accountId: ACCOUNT, region, clock });
  const roles = createAccess({ accountId: ACCOUNT, access, journal: memoryJournal<IamEntry>() });
  const { operations } = createSts({ clock, identities, roles });

  /** Calls AssumeRole as alice, and returns its result and its CloudTrail record. */
  async function assumeRole(input: Record<string, unknown>) {
    let audit: Audit = {};
    const request: Omit<Call, "authorize"> = {
      operation: "AssumeRole",
      requestId: "request",
      caller: identities.callerFor("alice"),
      region,
      sourceIpAddress: "127.0.0.1",
      userAgent: "test",
      audit: (elements) => {
        audit = elements;
      },
    };
    const call: Call = {
      ...request,
      authorize: (check) => roles.authorize("sts", request, check),
    };
    const result = await Promise.resolve()
      .then(() => operations.AssumeRole?.(input, call) ?? {})
      .then(
        (output: AwsStructure) => ({ output }),
        (error: AwsError) => ({ error }),
      );
    const record = recordOf(
      { service: "sts", call, input, result, audit },
      { time: NOW, eventId: "event", accountId: ACCOUNT },
    );
    return { ...result, record };
  }
  return { identities, assumeRole };
}

function credentialsOf(output: AwsStructure | undefined): Readonly<Record<string, string>> {
  return output?.Credentials as Readonly<Record<string, string>>;
}

describe("AssumeRole", () => {
  it("returns credentials of the role, in a session of that name", async () => {
    const { identities, assumeRole } = start();
    const response = await assumeRole({ RoleArn: ROLE_ARN, RoleSessionName: "image" });
    const { output } = response as { output: AwsStructure };
    const { AccessKeyId = "", ...others } = credentialsOf(output);
    const caller = identities.callerFor(AccessKeyId);
    const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/cipherwatch-dev-service/image`;
    expect(caller.arn).toBe(arn);
    expect(caller.userIdentity.sessionContext).toMatchObject({ sessionIssuer: { arn: ROLE_ARN } });
    expect(output.AssumedRoleUser).toEqual({ AssumedRoleId: caller.userId, Arn: arn });
    expect(others).toEqual({
      SecretAccessKey: expect.stringMatching(/.{40}/),
      SessionToken: expect.stringMatching(/.{100}/),
      Expiration: new Date(NOW + 3_600_000),
    });
  });

  it("denies a role whose trust policy names only a service", async () => {
    const response = await start().assumeRole({ RoleArn: TASK_ARN, RoleSessionName: "me" });
    const { error, record } = response as { error: AwsError; record: object };
    expect(error).toMatchObject({ code: "AccessDenied", status: 403 });
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    expect(error.message).toBe(
      `User: arn:aws:iam::${ACCOUNT}:user/alice is not authorized to perform: sts:AssumeRole on resource: ${TASK_ARN} because no role trust policy allows the sts:AssumeRole action`,
    );
    expect(record).toMatchObject({
      eventName: "AssumeRole",
      errorCode: "AccessDenied",
      errorMessage: error.message,
      requestParameters: null,
      responseElements: null,
    });
  });

  it("accepts a duration and a role with a path, which the session ARN omits", async () => {
    const { identities, assumeRole } = start();
    const response = await assumeRole({
      RoleArn: READER_ARN,
      RoleSessionName: "s-1",
      DurationSeconds: "900",
    });
    const { output } = response as { output: AwsStructure };
    const { AccessKeyId = "", Expiration } = credentialsOf(output);
    expect(Expiration).toEqual(new Date(NOW + 900_000));
    expect(identities.callerFor(AccessKeyId).arn).toMatch(/:assumed-role\/reader\/s-1$/);
  });

  it.each([
    `arn:aws:iam::999999999999:role/other`,
    `arn:aws:iam::${ACCOUNT}:role/unknown`,
    ROLE_ARN.replace("arn:aws:", "arn:aws-cn:"),
  ])("denies %s, which the account does not have", async (RoleArn) => {
    const { error } = (await start().assumeRole({ RoleArn, RoleSessionName: "me" })) as {
      error: AwsError;
    };
    expect(error).toBeInstanceOf(AwsError);
    expect(error).toMatchObject({ code: "AccessDenied", status: 403 });
    expect(error.message).toMatch(
      new RegExp(
        `^User: arn:.*:user/alice is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}$`,
      ),
    );
  });

  it.each([
    [{ RoleSessionName: "me" }, /'roleArn' failed.* must not be null/],
    [{ RoleArn: ROLE_ARN }, /'roleSessionName' failed.* must not be null/],
    [{ RoleArn: ROLE_ARN, RoleSessionName: "a" }, /'a'.*greater than or equal to 2/],
    [{ RoleArn: ROLE_ARN, RoleSessionName: "a b" }, /'a b'.*regular expression/],
    [{ RoleArn: ROLE_ARN, RoleSessionName: "me", DurationSeconds: "899" }, /or equal to 900/],
    [{ RoleArn: ROLE_ARN, RoleSessionName: "me", DurationSeconds: "43201" }, /or equal to 43200/],
    [{ RoleArn: `arn:aws:iam::${ACCOUNT}:user/alice`, RoleSessionName: "me" }, /alice is invalid/],
  ])("rejects an invalid request (%#)", async (input, message) => {
    const { error } = (await start().assumeRole(input)) as { error: AwsError };
    expect(error).toMatchObject({ code: "ValidationError", status: 400 });
    expect(error.message).toMatch(message);
  });

  it("is recorded with the caller and the session, without the secret key", async () => {
    const response = await start().assumeRole({ RoleArn: ROLE_ARN, RoleSessionName: "image" });
    const { output, record } = response as { output: AwsStructure; record: object };
    const { AccessKeyId, SecretAccessKey = "", SessionToken } = credentialsOf(output);
    expect(record).toMatchObject({
      eventSource: "sts.amazonaws.com",
      userIdentity: { userName: "alice" },
      requestParameters: { roleArn: ROLE_ARN, roleSessionName: "image" },
      responseElements: {
        credentials: {
          accessKeyId: AccessKeyId,
          sessionToken: SessionToken,
          expiration: "Nov 20, 2026, 4:04:05 PM",
        },
        assumedRoleUser: { arn: expect.stringMatching(/cipherwatch-dev-service\/image$/) },
      },
      readOnly: true,
      resources: [{ accountId: ACCOUNT, type: "AWS::IAM::Role", ARN: ROLE_ARN }],
    });
    expect(JSON.stringify(record)).not.toContain(SecretAccessKey);
    expect(JSON.stringify(record)).not.toMatch(/secretAccessKey/i);
  });
});
