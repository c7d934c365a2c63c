import type { CloudTrailRecord, Watched } from "./detection.ts";

const ACCOUNT = "111122223333";
const REGION = "ap-southeast-2";

/** What the examples' records are about: what the stacks would watch in that account. */
export const exampleWatched: Watched = {
  serviceRoleArn: `arn:aws:iam::${ACCOUNT}:role/cipherwatch-dev-service`,
  serviceRoleName: "cipherwatch-dev-service",
  keyArn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63`,
  serviceNamespace: "Cipherwatch/dev/Service",
};

type Identity = CloudTrailRecord;

/** A session of an IAM role in the examples' account. */
export function roleSession(roleName: string, sessionName: string): Identity {
  return {
    type: "AssumedRole",
    principalId: `AROAEXAMPLEROLE000001:${sessionName}`,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${roleName}/${sessionName}`,
    accountId: ACCOUNT,
    accessKeyId: "ASIAEXAMPLEKEY000001",
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: "AROAEXAMPLEROLE000001",
        arn: `arn:aws:iam::${ACCOUNT}:role/${roleName}`,
        accountId: ACCOUNT,
        userName: roleName,
      },
      attributes: { creationDate: "2026-03-02T08:55:10Z", mfaAuthenticated: "false" },
    },
  };
}

/** The running service: a task's session has the task's id as its name. */
export const service: Identity = roleSession(
  exampleWatched.serviceRoleName,
  "5e1d0a9c4b8f47d2a6c3e7f0918b2d54",
);

/** A person who signed in as an administrator. */
export const administrator: Identity = roleSession("Administrator", "jordan");

/**
 * A management event in the current shape of CloudTrail records (eventVersion 1.11). Fields that a
 * record lacks, such as `resources` of an access that was denied, are left out of `call`.
 */
export function managementEvent(
  userIdentity: Identity,
  call: {
    readonly eventSource: string;
    readonly eventName: string;
    readonly readOnly: boolean;
  } & CloudTrailRecord,
): CloudTrailRecord {
  return {
    eventVersion: "1.11",
    userIdentity,
    eventTime: "2026-03-02T09:14:27Z",
    awsRegion: REGION,
    sourceIPAddress: "203.0.113.17",
    userAgent: "aws-sdk-js/3.1162.0 ua/2.1 os/linux lang/js md/nodejs#24.21.0 api/kms#3.1162.0",
    requestParameters: null,
    responseElements: null,
    requestID: "7c0f4a52-9d1e-4b83-8f26-3a5b6c7d8e90",
    eventID: "d2b1f9e8-6c47-4a35-b09d-1e2f3a4b5c6d",
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: "Management",
    tlsDetails: {
      tlsVersion: "TLSv1.3",
      cipherSuite: "TLS_AES_128_GCM_SHA256",
      clientProvidedHostHeader: `kms.${REGION}.amazonaws.com`,
    },
    ...call,
  };
}

/** What a call on the data key records about the key, where KMS got as far as finding it. */
export const onDataKey: CloudTrailRecord = {
  requestParameters: {
    keyId: exampleWatched.keyArn,
    encryptionAlgorithm: "SYMMETRIC_DEFAULT",
    encryptionContext: {
      app: "cipherwatch",
      record: "b6b5b1b2-4f0e-4c3e-9a53-2d1c7e8f9a01",
      key: "q7yJm1x0l9mH2f3sVbN8c4dE5gT6uW7zX8aY9bC0dE1",
    },
  },
  resources: [{ accountId: ACCOUNT, type: "AWS::KMS::Key", ARN: exampleWatched.keyArn }],
};
