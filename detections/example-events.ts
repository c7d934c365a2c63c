import { bootstrapPath } from "../common/naming.ts";
import type { CloudTrailRecord, ExampleEvent } from "./detection.ts";
import { createExampleScope, EXAMPLE_ACCOUNT } from "./scope.ts";

const REGION = "ap-southeast-2";

/** The scope that the example events belong to. */
export const exampleScope = createExampleScope("dev", REGION);

type Identity = CloudTrailRecord;

type Call = CloudTrailRecord & {
  readonly eventSource: string;
  readonly eventName: string;
  readonly readOnly: boolean;
};

/** An example of a management event; `name` says what happened. */
export function exampleEvent(name: string, userIdentity: Identity, call: Call): ExampleEvent {
  return { name, record: managementEvent(userIdentity, call) };
}

/** A session of an IAM role in the example account. The session's ARN omits the role's path. */
export function roleSession(roleName: string, sessionName: string, path = "/"): Identity {
  return {
    type: "AssumedRole",
    principalId: `AROAEXAMPLEROLE000001:${sessionName}`,
    arn: `arn:aws:sts::${EXAMPLE_ACCOUNT}:assumed-role/${roleName}/${sessionName}`,
    accountId: EXAMPLE_ACCOUNT,
    accessKeyId: "ASIAEXAMPLEKEY000001",
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: "AROAEXAMPLEROLE000001",
        arn: `arn:aws:iam::${EXAMPLE_ACCOUNT}:role${path}${roleName}`,
        accountId: EXAMPLE_ACCOUNT,
        userName: roleName,
      },
      attributes: { creationDate: "2026-03-02T08:55:10Z", mfaAuthenticated: "false" },
    },
  };
}

const TASK = "5e1d0a9c4b8f47d2a6c3e7f0918b2d54";

/** The running service. The name of a task's session is the task's ID. */
export const service: Identity = roleSession(exampleScope.serviceRoleName, TASK);

/** ECS, when it starts a task of the service. */
export const executionRoleSession: Identity = roleSession(exampleScope.executionRoleName, TASK);

/** The pipeline. */
export const deployer: Identity = roleSession(
  exampleScope.deployRoleName,
  "GitHubActions",
  bootstrapPath(),
);

/** Callers whose requests leave the VPC through a NAT gateway. */
const BEHIND_NAT: readonly Identity[] = [service, executionRoleSession];

/** A person with the administrator role. */
export const administrator: Identity = roleSession("Administrator", "jordan");

/** An IAM user, which has no session of a role. */
export const user: Identity = {
  type: "IAMUser",
  principalId: "AIDAEXAMPLEUSER000001",
  arn: `arn:aws:iam::${EXAMPLE_ACCOUNT}:user/mallory`,
  accountId: EXAMPLE_ACCOUNT,
  accessKeyId: "AKIAEXAMPLEKEY000001",
  userName: "mallory",
};

export const root: Identity = {
  type: "Root",
  principalId: EXAMPLE_ACCOUNT,
  arn: `arn:aws:iam::${EXAMPLE_ACCOUNT}:root`,
  accountId: EXAMPLE_ACCOUNT,
};

/** An AWS service that acts in the account with its service-linked role. */
export function awsService(principal: string, roleName: string): Identity {
  const path = `/aws-service-role/${principal}/`;
  return { ...roleSession(roleName, roleName, path), invokedBy: principal };
}

export const awsConfig: Identity = awsService("config.amazonaws.com", "AWSServiceRoleForConfig");

/**
 * A management event in the current format of CloudTrail records (eventVersion 1.11).
 * @param call fields of the record that differ from the defaults
 */
export function managementEvent(userIdentity: Identity, call: Call): CloudTrailRecord {
  const [host] = call.eventSource.split(".");
  return {
    eventVersion: "1.11",
    userIdentity,
    eventTime: "2026-03-02T09:14:27Z",
    awsRegion: REGION,
    sourceIPAddress: BEHIND_NAT.includes(userIdentity)
      ? exampleScope.natAddresses[0]
      : "203.0.113.17",
    userAgent:
      "aws-cli/2.30.4 md/awscrt#0.27.6 ua/2.1 os/linux lang/python#3.13.7 cfg/retry-mode#standard",
    requestParameters: null,
    responseElements: null,
    requestID: "7c0f4a52-9d1e-4b83-8f26-3a5b6c7d8e90",
    eventID: "d2b1f9e8-6c47-4a35-b09d-1e2f3a4b5c6d",
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: EXAMPLE_ACCOUNT,
    eventCategory: "Management",
    tlsDetails: {
      tlsVersion: "TLSv1.3",
      cipherSuite: "TLS_AES_128_GCM_SHA256",
      clientProvidedHostHeader: `${host}.${REGION}.amazonaws.com`,
    },
    ...call,
  };
}

/** Fields that identify the key in the record of a call, if KMS resolved the key. */
export function onKey(
  keyArn: string,
  requestParameters: CloudTrailRecord = { keyId: keyArn },
): CloudTrailRecord {
  return {
    requestParameters,
    resources: [{ accountId: EXAMPLE_ACCOUNT, type: "AWS::KMS::Key", ARN: keyArn }],
  };
}

/** Fields that identify the service's KMS key in the record of the service's calls. */
export const onDataKey: CloudTrailRecord = onKey(exampleScope.keyArn, {
  keyId: exampleScope.keyArn,
  encryptionAlgorithm: "SYMMETRIC_DEFAULT",
  encryptionContext: {
    app: "cipherwatch",
    record: "b6b5b1b2-4f0e-4c3e-9a53-2d1c7e8f9a01",
    key: "q7yJm1x0l9mH2f3sVbN8c4dE5gT6uW7zX8aY9bC0dE1",
  },
});

/** Another key of the account. */
export const otherKeyArn = `arn:aws:kms:${REGION}:${EXAMPLE_ACCOUNT}:key/0e9d8c7b-6a5f-4e3d-8c2b-1a0f9e8d7c6b`;

const decrypt = { eventSource: "kms.amazonaws.com", eventName: "Decrypt", readOnly: true };

/** The calls that the service makes to encrypt and decrypt a record. */
export const serviceEncryptEvent: CloudTrailRecord = managementEvent(service, {
  ...decrypt,
  eventName: "GenerateDataKey",
  ...onDataKey,
});
export const serviceDecryptEvent: CloudTrailRecord = managementEvent(service, {
  ...decrypt,
  ...onDataKey,
  additionalEventData: {
    keyMaterialId: "9f3b6a1c0d5e4827b1c6f09a7e2d4835c8b1f6e0a3d97254b8c0e1f2a3b4c5d6",
  },
});
