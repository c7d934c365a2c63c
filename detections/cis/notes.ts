import type { CloudTrailRecord, ExampleEvent, Severity } from "../detection.ts";
import {
  administrator,
  awsConfig,
  deployer,
  managementEvent,
  onKey,
  otherKeyArn,
  root,
  user,
} from "../example-events.ts";

/** What the benchmark does not say of a pattern. */
export interface CisNotes {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly why: string;
  readonly falsePositive: string;
  /** What to do if it was not planned. */
  readonly ifNot: string;
  /** Of the Logs Insights query. The pattern's event names unless given. */
  readonly filter?: string;
  readonly fires: ExampleEvent;
  readonly staysSilent: ExampleEvent;
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

const NETWORK_PLANNED = "A planned change of the network, by somebody who plans such.";
const UNDO = "Undo the change, and take the caller's access away.";

/** By the pattern's id in `patterns.json`. */
export const notes: Readonly<Record<string, CisNotes>> = {
  "CloudWatch.1": {
    id: "cis-root-use",
    title: "The root user did something",
    severity: "medium",
    why: "Nothing limits the root user, and almost nothing needs it.",
    falsePositive: "One of the few tasks that need it, such as closing the account.",
    ifNot: "Change the root user's password, renew its MFA device, delete its access keys.",
    filter: 'userIdentity.type = "Root"',
    fires: {
      name: "the root user makes an access key",
      record: managementEvent(root, write("iam", "CreateAccessKey")),
    },
    staysSilent: {
      name: "an AWS service acts for the root user",
      record: managementEvent(
        { ...root, invokedBy: "support.amazonaws.com" },
        read("trustedadvisor", "DescribeChecks"),
      ),
    },
  },
  "CloudWatch.2": {
    id: "cis-unauthorized-calls",
    title: "Somebody was denied",
    severity: "low",
    why: "Who looks around with stolen credentials is denied often.",
    falsePositive:
      "Consoles and scanners try what they may not do all day; a threshold above their noise is what this needs.",
    ifNot:
      "Look at the callers with the most kinds of calls; revoke the credentials of those that explore.",
    filter: "errorCode like /UnauthorizedOperation$|^AccessDenied/",
    fires: {
      name: "an administrator is denied",
      record: managementEvent(
        administrator,
        read("organizations", "ListAccounts", {
          errorCode: "AccessDeniedException",
          errorMessage: "You don't have permissions to access this resource.",
        }),
      ),
    },
    staysSilent: {
      name: "a call fails for another reason",
      record: managementEvent(
        administrator,
        read("s3", "GetBucketPolicy", { errorCode: "NoSuchBucketPolicy" }),
      ),
    },
  },
  "CloudWatch.3": {
    id: "cis-sign-in-without-mfa",
    title: "Somebody signed in to the console without MFA",
    severity: "medium",
    why: "A password alone can be guessed, reused or phished.",
    falsePositive: "A new user who has not set up MFA yet.",
    ifNot: "Disable the user's password, and require MFA in the policies.",
    filter: 'eventName = "ConsoleLogin" and additionalEventData.MFAUsed != "Yes"',
    fires: {
      name: "a user signs in by password alone",
      record: signIn(user, { additionalEventData: { MFAUsed: "No" } }),
    },
    staysSilent: { name: "a user signs in with MFA", record: signIn(user, {}) },
  },
  "CloudWatch.4": {
    id: "cis-iam-policy-change",
    title: "An IAM policy was changed",
    severity: "medium",
    why: "Who wants to stay or to get further gives themselves permissions.",
    falsePositive: "A deployment: by the deploy role, at the time of the deployment.",
    ifNot: UNDO,
    fires: {
      name: "somebody makes themselves an administrator",
      record: managementEvent(
        user,
        write("iam", "AttachUserPolicy", {
          requestParameters: {
            userName: "mallory",
            policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
          },
        }),
      ),
    },
    staysSilent: {
      name: "somebody reads a policy",
      record: managementEvent(administrator, read("iam", "GetPolicyVersion")),
    },
  },
  "CloudWatch.5": {
    id: "cis-trail-change",
    title: "A trail was made, changed, started or stopped",
    severity: "medium",
    why: "The trail is what every other alarm rests on.",
    falsePositive: "A deployment of a trail: by the deploy role, at the time of the deployment.",
    ifNot: "`aws cloudtrail start-logging`, then ask.",
    fires: {
      name: "somebody makes another trail",
      record: managementEvent(administrator, write("cloudtrail", "CreateTrail")),
    },
    staysSilent: {
      name: "somebody lists the trails",
      record: managementEvent(administrator, read("cloudtrail", "DescribeTrails")),
    },
  },
  "CloudWatch.6": {
    id: "cis-sign-in-failures",
    title: "Sign-in to the console failed",
    severity: "low",
    why: "Passwords are tried before they are found.",
    falsePositive: "A mistyped password, now and then.",
    ifNot: "Look for a success after the failures; disable that user's password.",
    fires: {
      name: "a wrong password",
      record: signIn(user, {
        errorMessage: "Failed authentication",
        responseElements: { ConsoleLogin: "Failure" },
      }),
    },
    staysSilent: { name: "the right one", record: signIn(user, {}) },
  },
  "CloudWatch.7": {
    id: "cis-key-disabled",
    title: "A KMS key was disabled or its deletion scheduled",
    severity: "medium",
    why: "What a key encrypted is gone once the key is.",
    falsePositive: "A key whose data was deleted before.",
    ifNot: "`aws kms cancel-key-deletion` and `aws kms enable-key`.",
    fires: {
      name: "somebody disables a key",
      record: managementEvent(administrator, write("kms", "DisableKey", onKey(otherKeyArn))),
    },
    staysSilent: {
      name: "somebody enables it again",
      record: managementEvent(administrator, write("kms", "EnableKey", onKey(otherKeyArn))),
    },
  },
  "CloudWatch.8": {
    id: "cis-bucket-policy-change",
    title: "A bucket's policy was changed",
    severity: "low",
    why: "A bucket becomes public, or another account's to read, by one call.",
    falsePositive: "A deployment of a bucket: by the deploy role, at the time of the deployment.",
    ifNot: UNDO,
    fires: {
      name: "somebody opens a bucket",
      record: managementEvent(
        user,
        write("s3", "PutBucketPolicy", { requestParameters: { bucketName: "example-exports" } }),
      ),
    },
    staysSilent: {
      name: "a bucket is made",
      record: managementEvent(
        deployer,
        write("s3", "CreateBucket", { requestParameters: { bucketName: "example-exports" } }),
      ),
    },
  },
  "CloudWatch.9": {
    id: "cis-config-change",
    title: "AWS Config was changed or stopped",
    severity: "medium",
    why: "Without its recorder nobody can tell what was changed when.",
    falsePositive: "A deployment of AWS Config itself.",
    ifNot: "Start the recorder again.",
    fires: {
      name: "somebody stops the recorder",
      record: managementEvent(user, write("config", "StopConfigurationRecorder")),
    },
    staysSilent: {
      name: "AWS Config looks at a queue",
      record: managementEvent(awsConfig, read("sqs", "GetQueueAttributes")),
    },
  },
  "CloudWatch.10": {
    id: "cis-security-group-change",
    title: "A security group was changed",
    severity: "low",
    why: "A rule that lets everybody in is one call.",
    falsePositive: NETWORK_PLANNED,
    ifNot: UNDO,
    fires: {
      name: "somebody opens a port",
      record: managementEvent(user, write("ec2", "AuthorizeSecurityGroupIngress")),
    },
    staysSilent: {
      name: "somebody lists the groups",
      record: managementEvent(administrator, read("ec2", "DescribeSecurityGroups")),
    },
  },
  "CloudWatch.11": {
    id: "cis-network-acl-change",
    title: "A network ACL was changed",
    severity: "low",
    why: "Network ACLs are the outer fence of the subnets.",
    falsePositive: NETWORK_PLANNED,
    ifNot: UNDO,
    fires: {
      name: "somebody adds an entry",
      record: managementEvent(user, write("ec2", "CreateNetworkAclEntry")),
    },
    staysSilent: {
      name: "somebody lists them",
      record: managementEvent(administrator, read("ec2", "DescribeNetworkAcls")),
    },
  },
  "CloudWatch.12": {
    id: "cis-gateway-change",
    title: "A network gateway was changed",
    severity: "low",
    why: "A gateway joins a network with others, the internet among them.",
    falsePositive: NETWORK_PLANNED,
    ifNot: UNDO,
    fires: {
      name: "somebody attaches an internet gateway",
      record: managementEvent(user, write("ec2", "AttachInternetGateway")),
    },
    staysSilent: {
      name: "a NAT gateway is made, which lets nobody in",
      record: managementEvent(deployer, write("ec2", "CreateNatGateway")),
    },
  },
  "CloudWatch.13": {
    id: "cis-route-change",
    title: "A route table was changed",
    severity: "low",
    why: "A route can lead traffic past what watches it.",
    falsePositive: NETWORK_PLANNED,
    ifNot: UNDO,
    fires: {
      name: "somebody replaces a route",
      record: managementEvent(user, write("ec2", "ReplaceRoute")),
    },
    staysSilent: {
      name: "a route of App Mesh, which is another service's",
      record: managementEvent(administrator, write("appmesh", "CreateRoute")),
    },
  },
  "CloudWatch.14": {
    id: "cis-vpc-change",
    title: "A VPC or its peering was changed",
    severity: "low",
    why: "A peering joins networks that were apart.",
    falsePositive: NETWORK_PLANNED,
    ifNot: UNDO,
    fires: {
      name: "somebody accepts a peering",
      record: managementEvent(user, write("ec2", "AcceptVpcPeeringConnection")),
    },
    staysSilent: {
      name: "a subnet is made",
      record: managementEvent(deployer, write("ec2", "CreateSubnet")),
    },
  },
  "CIS-4.15": {
    id: "cis-organization-change",
    title: "The organization was changed",
    severity: "medium",
    why: "Its policies limit what every account in it may do.",
    falsePositive: "A planned change by the organization's administrators.",
    ifNot: "Attach the policy again, or bring the account back, and take the caller's access away.",
    fires: {
      name: "somebody detaches a service control policy",
      record: managementEvent(user, write("organizations", "DetachPolicy")),
    },
    staysSilent: {
      name: "somebody detaches a policy of AWS IoT",
      record: managementEvent(administrator, write("iot", "DetachPolicy")),
    },
  },
};
