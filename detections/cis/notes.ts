import type { CloudTrailRecord, ExampleEvent, Severity } from "../detection.ts";
import {
  administrator,
  awsConfig,
  deployer,
  exampleEvent,
  managementEvent,
  onKey,
  otherKeyArn,
  root,
  user,
} from "../example-events.ts";

/** What the benchmark does not define for a pattern. */
export interface CisNotes {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  readonly falsePositive: string;
  /** What to do if the event was not planned: one step of the runbook. */
  readonly response: string;
  /** Filter of the Logs Insights query. By default, the pattern's event names. */
  readonly filter?: string;
  readonly mustFire: ExampleEvent;
  readonly mustNotFire: ExampleEvent;
}

const write = (eventSource: string, eventName: string, more: CloudTrailRecord = {}) => ({
  eventSource: `${eventSource}.amazonaws.com`,
  eventName,
  readOnly: false,
  ...more,
});
const read = (eventSource: string, eventName: string, more: CloudTrailRecord = {}) => ({
  ...write(eventSource, eventName, more),
  readOnly: true,
});

function signIn(identity: CloudTrailRecord, more: CloudTrailRecord): CloudTrailRecord {
  return managementEvent(identity, {
    ...write("signin", "ConsoleLogin"),
    eventType: "AwsConsoleSignIn",
    responseElements: { ConsoleLogin: "Success" },
    additionalEventData: { MFAUsed: "Yes", MobileVersion: "No" },
    ...more,
  });
}

const NETWORK_PLANNED = "A planned change of the network by a network administrator.";
const UNDO = "If not, undo the change and revoke the caller's access.";

/** By the ID of the pattern in `patterns.json`. */
export const notes: Readonly<Record<string, CisNotes>> = {
  "CloudWatch.1": {
    id: "cis-root-use",
    title: "The root user was active",
    severity: "medium",
    why: "No policy limits the root user, and few tasks need it.",
    falsePositive: "One of the few tasks that require the root user, such as closing the account.",
    response:
      "If not, change the root user's password, replace its MFA device and delete its access keys.",
    filter: 'userIdentity.type = "Root"',
    mustFire: exampleEvent(
      "the root user creates an access key",
      root,
      write("iam", "CreateAccessKey"),
    ),
    mustNotFire: exampleEvent(
      "an AWS service acts on behalf of the root user",
      { ...root, invokedBy: "support.amazonaws.com" },
      read("trustedadvisor", "DescribeChecks"),
    ),
  },
  "CloudWatch.2": {
    id: "cis-unauthorized-calls",
    title: "An API call was denied",
    severity: "low",
    why: "AWS often denies calls by somebody who explores with stolen credentials.",
    falsePositive:
      "Consoles and scanners cause denied calls all day: set a threshold above their usual number.",
    response:
      "Find the callers with the most different calls, and revoke the credentials of those that explore.",
    filter: "errorCode like /UnauthorizedOperation$|^AccessDenied/",
    mustFire: exampleEvent(
      "AWS denies a call by an administrator",
      administrator,
      read("organizations", "ListAccounts", {
        errorCode: "AccessDeniedException",
        errorMessage: "You don't have permissions to access this resource.",
      }),
    ),
    mustNotFire: exampleEvent(
      "a call fails for another reason",
      administrator,
      read("s3", "GetBucketPolicy", { errorCode: "NoSuchBucketPolicy" }),
    ),
  },
  "CloudWatch.3": {
    id: "cis-sign-in-without-mfa",
    title: "Somebody signed in to the console without MFA",
    severity: "medium",
    why: "A password alone can be guessed, reused or phished.",
    falsePositive: "A new user who has not set up MFA yet.",
    response: "If not, disable the user's password, and require MFA in the IAM policies.",
    filter: 'eventName = "ConsoleLogin" and additionalEventData.MFAUsed != "Yes"',
    mustFire: {
      name: "a user signs in without MFA",
      record: signIn(user, { additionalEventData: { MFAUsed: "No" } }),
    },
    mustNotFire: { name: "a user signs in with MFA", record: signIn(user, {}) },
  },
  "CloudWatch.4": {
    id: "cis-iam-policy-change",
    title: "An IAM policy was changed",
    severity: "medium",
    why: "Attackers grant themselves permissions to keep or extend their access.",
    falsePositive: "A deployment: the caller is the deploy role, at the time of the deployment.",
    response: UNDO,
    mustFire: exampleEvent(
      "a user attaches AdministratorAccess to themselves",
      user,
      write("iam", "AttachUserPolicy", {
        requestParameters: {
          userName: "mallory",
          policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
        },
      }),
    ),
    mustNotFire: exampleEvent(
      "an administrator reads a policy",
      administrator,
      read("iam", "GetPolicyVersion"),
    ),
  },
  "CloudWatch.5": {
    id: "cis-trail-change",
    title: "A trail was created, changed, started or stopped",
    severity: "medium",
    why: "Every other CloudTrail alarm depends on the trail.",
    falsePositive:
      "A deployment of a trail: the caller is the deploy role, at the time of the deployment.",
    response: "If not, run `aws cloudtrail start-logging` now, then investigate.",
    mustFire: exampleEvent(
      "an administrator creates a trail",
      administrator,
      write("cloudtrail", "CreateTrail"),
    ),
    mustNotFire: exampleEvent(
      "an administrator lists trails",
      administrator,
      read("cloudtrail", "DescribeTrails"),
    ),
  },
  "CloudWatch.6": {
    id: "cis-sign-in-failures",
    title: "Console sign-in failed",
    severity: "low",
    why: "Failed sign-ins can mean that somebody guesses a password.",
    falsePositive: "A mistyped password: one or two failures, then a success.",
    response:
      "Check whether a sign-in succeeded after the failures. If so, disable the user's password.",
    mustFire: {
      name: "a user enters a wrong password",
      record: signIn(user, {
        errorMessage: "Failed authentication",
        responseElements: { ConsoleLogin: "Failure" },
      }),
    },
    mustNotFire: { name: "a user enters the right password", record: signIn(user, {}) },
  },
  "CloudWatch.7": {
    id: "cis-key-disabled",
    title: "A KMS key was disabled or its deletion scheduled",
    severity: "medium",
    why: "Data cannot be decrypted once its key is deleted.",
    falsePositive: "A key that is no longer needed: its data was deleted before.",
    response:
      "If not, run `aws kms cancel-key-deletion --key-id ARN` and `aws kms enable-key --key-id ARN` at once.",
    mustFire: exampleEvent(
      "an administrator disables a key",
      administrator,
      write("kms", "DisableKey", onKey(otherKeyArn)),
    ),
    mustNotFire: exampleEvent(
      "an administrator enables a key",
      administrator,
      write("kms", "EnableKey", onKey(otherKeyArn)),
    ),
  },
  "CloudWatch.8": {
    id: "cis-bucket-policy-change",
    title: "A bucket's policy was changed",
    severity: "low",
    why: "A single call can make a bucket public, or readable by another account.",
    falsePositive:
      "A deployment of a bucket: the caller is the deploy role, at the time of the deployment.",
    response: UNDO,
    mustFire: exampleEvent(
      "a user changes a bucket policy",
      user,
      write("s3", "PutBucketPolicy", { requestParameters: { bucketName: "example-exports" } }),
    ),
    mustNotFire: exampleEvent(
      "the pipeline creates a bucket",
      deployer,
      write("s3", "CreateBucket", { requestParameters: { bucketName: "example-exports" } }),
    ),
  },
  "CloudWatch.9": {
    id: "cis-config-change",
    title: "AWS Config was changed or stopped",
    severity: "medium",
    why: "Without the configuration recorder, nobody can reconstruct which resource changed when.",
    falsePositive: "A deployment of AWS Config itself.",
    response: "If not, start the configuration recorder again.",
    mustFire: exampleEvent(
      "a user stops the configuration recorder",
      user,
      write("config", "StopConfigurationRecorder"),
    ),
    mustNotFire: exampleEvent(
      "AWS Config reads a queue's attributes",
      awsConfig,
      read("sqs", "GetQueueAttributes"),
    ),
  },
  "CloudWatch.10": {
    id: "cis-security-group-change",
    title: "A security group was changed",
    severity: "low",
    why: "A single call can open a port to the internet.",
    falsePositive: NETWORK_PLANNED,
    response: UNDO,
    mustFire: exampleEvent(
      "a user adds an ingress rule",
      user,
      write("ec2", "AuthorizeSecurityGroupIngress"),
    ),
    mustNotFire: exampleEvent(
      "an administrator lists security groups",
      administrator,
      read("ec2", "DescribeSecurityGroups"),
    ),
  },
  "CloudWatch.11": {
    id: "cis-network-acl-change",
    title: "A network ACL was changed",
    severity: "low",
    why: "Network ACLs are the outer firewall of the subnets.",
    falsePositive: NETWORK_PLANNED,
    response: UNDO,
    mustFire: exampleEvent(
      "a user adds a network ACL entry",
      user,
      write("ec2", "CreateNetworkAclEntry"),
    ),
    mustNotFire: exampleEvent(
      "an administrator lists network ACLs",
      administrator,
      read("ec2", "DescribeNetworkAcls"),
    ),
  },
  "CloudWatch.12": {
    id: "cis-gateway-change",
    title: "A network gateway was changed",
    severity: "low",
    why: "A gateway connects a network to other networks, such as the internet.",
    falsePositive: NETWORK_PLANNED,
    response: UNDO,
    mustFire: exampleEvent(
      "a user attaches an internet gateway",
      user,
      write("ec2", "AttachInternetGateway"),
    ),
    mustNotFire: exampleEvent(
      "the pipeline creates a NAT gateway, which accepts no inbound connections",
      deployer,
      write("ec2", "CreateNatGateway"),
    ),
  },
  "CloudWatch.13": {
    id: "cis-route-change",
    title: "A route table was changed",
    severity: "low",
    why: "A changed route can bypass the monitoring of network traffic.",
    falsePositive: NETWORK_PLANNED,
    response: UNDO,
    mustFire: exampleEvent("a user replaces a route", user, write("ec2", "ReplaceRoute")),
    mustNotFire: exampleEvent(
      "an administrator creates a route in App Mesh",
      administrator,
      write("appmesh", "CreateRoute"),
    ),
  },
  "CloudWatch.14": {
    id: "cis-vpc-change",
    title: "A VPC or its peering was changed",
    severity: "low",
    why: "A peering connection joins networks that were separate.",
    falsePositive: NETWORK_PLANNED,
    response: UNDO,
    mustFire: exampleEvent(
      "a user accepts a peering connection",
      user,
      write("ec2", "AcceptVpcPeeringConnection"),
    ),
    mustNotFire: exampleEvent(
      "the pipeline creates a subnet",
      deployer,
      write("ec2", "CreateSubnet"),
    ),
  },
  "CIS-4.15": {
    id: "cis-organization-change",
    title: "The organization was changed",
    severity: "medium",
    why: "The organization's policies limit what its accounts can do.",
    falsePositive: "A planned change by the organization's administrators.",
    response:
      "If not, attach the policy again or invite the account back, and revoke the caller's access.",
    mustFire: exampleEvent(
      "a user detaches a service control policy",
      user,
      write("organizations", "DetachPolicy"),
    ),
    mustNotFire: exampleEvent(
      "an administrator detaches a policy of AWS IoT",
      administrator,
      write("iot", "DetachPolicy"),
    ),
  },
};
