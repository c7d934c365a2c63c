import { coverageTable } from "./coverage.ts";

/**
 * Rules of Elastic for AWS, by name. Left out: rules for services that the deployment does not use (Backup,
 * Batch, Bedrock, CloudFormation, CloudShell, Cognito, DynamoDB, EFS, EKS, Lambda, SageMaker, SSM, and EC2
 * instances and volumes), for GuardDuty and for Route 53.
 * https://github.com/elastic/detection-rules/tree/14cf530f0d2177023092449cd9d9348b4a8884c2/rules/integrations/aws
 */
export const elastic = coverageTable(`
AWS API Activity from Uncommon S3 Client by Rare User | -data-events
AWS Access Token Used from Multiple Addresses | service-credentials-outside:Decrypt
AWS Account Closed | -account
AWS Account Discovery By Rare User | -reads
AWS AssumeRoleWithWebIdentity from Kubernetes SA and External ASN | -unused
AWS Attempt to Leave Organization | cis-organization-change:LeaveOrganization
AWS CloudTrail Log Created | cis-trail-change:CreateTrail
AWS CloudTrail Log Deleted | trail-change:DeleteTrail
AWS CloudTrail Log Evasion | role-change:PutRolePolicy
AWS CloudTrail Log Suspended | trail-change:StopLogging
AWS CloudTrail Log Updated | trail-change:UpdateTrail
AWS CloudTrail Management Events Disabled via PutEventSelectors | trail-change:PutEventSelectors
AWS CloudWatch Alarm Deletion | alarm-change:DeleteAlarms
AWS CloudWatch Log Group Deletion | trail-change:DeleteLogGroup
AWS CloudWatch Log Stream Deletion | trail-change:DeleteLogStream
AWS Config Resource Deletion | -account
AWS Configuration Recorder Stopped | cis-config-change:StopConfigurationRecorder
AWS Credentials Used from GitHub Actions and Non-CI/CD Infrastructure | -baseline
AWS Discovery API Calls from VPN ASN for the First Time by Identity | -baseline
AWS Discovery API Calls via CLI from a Single Resource | -reads
AWS EC2 Full Network Packet Capture Detected | -unused
AWS EC2 Network Access Control List Creation | cis-network-acl-change:CreateNetworkAcl
AWS EC2 Network Access Control List Deletion | cis-network-acl-change:DeleteNetworkAcl
AWS EC2 Role GetCallerIdentity from New Source AS Organization | -unused
AWS EC2 Route Table Created | cis-route-change:CreateRouteTable
AWS EC2 Route Table Modified or Deleted | cis-route-change:ReplaceRoute
AWS EC2 Security Group Configuration Change | network-change:ModifySecurityGroupRules
AWS ECR Repository or Registry Policy Granted Public Access | image-change:SetRepositoryPolicy
AWS EventBridge Rule Disabled or Deleted | alarm-change:DisableRule
AWS First Occurrence of STS GetFederationToken Request by User | -people
AWS IAM API Calls via Temporary Session Tokens | -people
AWS IAM Account Password Policy Deleted | -people
AWS IAM AdministratorAccess Policy Attached to Group | -people
AWS IAM AdministratorAccess Policy Attached to Role | role-change:AttachRolePolicy
AWS IAM AdministratorAccess Policy Attached to User | -people
AWS IAM Assume Role Policy Update | role-change:UpdateAssumeRolePolicy
AWS IAM CompromisedKeyQuarantine Policy Attached to User | -people
AWS IAM Create User via Assumed Role on EC2 Instance | -people
AWS IAM Customer Managed Policy Version Created or Default Version Set | role-change:CreatePolicyVersion
AWS IAM Customer-Managed Policy Attached to Role by Rare User | role-change:AttachRolePolicy
AWS IAM Deactivation of MFA Device | -people
AWS IAM Group Creation | -people
AWS IAM Group Deletion | -people
AWS IAM Inline Policy Added to a Group | -people
AWS IAM Login Profile Added for Root | -people
AWS IAM Login Profile Created or Modified for an IAM User | -people
AWS IAM Long-Term Access Key Correlated with Elevated Detection Alerts | -people
AWS IAM Long-Term Access Key First Seen from Source IP | -people
AWS IAM OIDC Provider Created by Rare User | role-change:AddClientIDToOpenIDConnectProvider
AWS IAM Permission Boundary or Guardrail Policy Deleted by Unusual Identity | role-change:DeletePolicy
AWS IAM Permissions Boundary Modified or Removed | role-change:DeleteRolePermissionsBoundary
AWS IAM Principal Enumeration via UpdateAssumeRolePolicy | role-change:UpdateAssumeRolePolicy
AWS IAM Roles Anywhere Profile Creation | -people
AWS IAM Roles Anywhere Trust Anchor Created with External CA | -people
AWS IAM SAML Provider Created | -people
AWS IAM SAML Provider Updated | -people
AWS IAM Sensitive Operations via Lambda Execution Role | role-change:PutRolePolicy
AWS IAM User Addition to Group | -people
AWS IAM User Console Login Without MFA | cis-sign-in-without-mfa:ConsoleLogin
AWS IAM User Console Login from Multiple Geolocations | -sign-in
AWS IAM User Created Access Keys For Another User | -people
AWS IAM User Self-Created Access Key Subsequently Used | -people
AWS IAM Virtual MFA Device Registration Attempt with Session Token | -people
AWS KMS Customer Managed Key Disabled or Scheduled for Deletion | kms-key-change:DisableKey kms-key-change:ScheduleKeyDeletion
AWS KMS Imported Key Material Deleted | -key-material
AWS KMS Key Policy Updated via PutKeyPolicy | kms-key-change:PutKeyPolicy
AWS Lateral Movement from Kubernetes SA via AssumeRoleWithWebIdentity | -unused
AWS Management Console Brute Force of Root User Identity | cis-sign-in-failures:ConsoleLogin
AWS Management Console Root Login | cis-root-use:CreateAccessKey
AWS Potential Cryptomining via ECS Task Definition Deployment | ecs-change:RegisterTaskDefinition role-borrowed:RegisterTaskDefinition
AWS RDS DB Instance Made Public | database-change:ModifyDBInstance
AWS RDS DB Instance Restored | database-copy:RestoreDBInstanceFromDBSnapshot database-copy:RestoreDBInstanceToPointInTime
AWS RDS DB Instance or Cluster Deleted | database-change:DeleteDBInstance
AWS RDS DB Instance or Cluster Deletion Protection Disabled | database-change:ModifyDBInstance
AWS RDS DB Instance or Cluster Password Modified | database-change:ModifyDBInstance
AWS RDS DB Snapshot Shared with Another Account | database-copy:ModifyDBSnapshotAttribute
AWS RDS Snapshot Deleted | database-change:DeleteDBSnapshot
AWS RDS Snapshot Export | database-copy:StartExportTask
AWS Rare Source AS Organization Activity | -baseline
AWS S3 Bucket ACL Modified to Allow Public Access by New Identity | bucket-change:PutBucketAcl trail-change:PutBucketAcl
AWS S3 Bucket Configuration Deletion | bucket-change:DeleteBucketPublicAccessBlock trail-change:DeleteBucketPolicy
AWS S3 Bucket Enumeration or Brute Force | -data-events
AWS S3 Bucket Expiration Lifecycle Configuration Added | bucket-change:PutBucketLifecycle trail-change:PutBucketLifecycle
AWS S3 Bucket Policy Added to Allow Public Access | bucket-change:PutBucketPolicy trail-change:PutBucketPolicy
AWS S3 Bucket Policy Added to Share with External Account | bucket-change:PutBucketPolicy trail-change:PutBucketPolicy
AWS S3 Bucket Replicated to Another Account | bucket-change:PutBucketReplication trail-change:PutBucketReplication
AWS S3 Bucket Server Access Logging Disabled | bucket-change:PutBucketLogging trail-change:PutBucketLogging
AWS S3 Credential File Retrieved from Bucket | -data-events
AWS S3 Object Encryption Using External KMS Key | -data-events
AWS S3 Object Versioning Suspended | bucket-change:PutBucketVersioning
AWS S3 Rapid Bucket Posture API Calls from a Single Principal | -reads
AWS S3 Static Site JavaScript File Uploaded | -data-events
AWS S3 Unauthenticated Bucket Access by Rare Source | -data-events
AWS SNS Rare Protocol Subscription by User | alarm-change:Subscribe
AWS SNS Topic Created by Rare User | -unused
AWS SNS Topic Message Publish by Rare User | -data-events
AWS SQS Queue Purge | alarm-change:PurgeQueue
AWS STS AssumeRole with New MFA Device | -people
AWS STS AssumeRoot by Rare User and Member Account | -account
AWS STS GetCallerIdentity API Called for the First Time | service-credentials-outside:GetCallerIdentity
AWS STS GetFederationToken with AdministratorAccess in Request | -people
AWS STS Role Assumption by Service | role-change:AssumeRole
AWS STS Role Assumption by User | role-change:AssumeRole
AWS STS Role Chaining | role-change:AssumeRole
AWS Secrets Manager Rapid Secrets Retrieval | secret-access:GetSecretValue secret-access:BatchGetSecretValue
AWS Sensitive IAM Operations Performed via CloudShell | role-change:PutRolePolicy
AWS Sign-In Console Login with Federated User | -sign-in
AWS Sign-In Root Password Recovery Requested | -sign-in
AWS Suspicious User Agent Fingerprint | -baseline
AWS VPC Flow Logs Deletion | trail-change:DeleteFlowLogs
AWS WAF Access Control List Deletion | ingress-change:DeleteWebACL
AWS WAF Rule or Rule Group Deletion | ingress-change:UpdateWebACL
Excessive AWS S3 Object Encryption with SSE-C | -data-events
First Time Seen AWS Secret Value Accessed in Secrets Manager | secret-access:GetSecretValue
Insecure AWS EC2 VPC Security Group Ingress Rule Added | network-change:AuthorizeSecurityGroupIngress
Potential AWS S3 Bucket Ransomware Note Uploaded | -data-events
Rare AWS Error Code | -baseline
Spike in AWS Error Messages | cis-unauthorized-calls:ListAccounts
Unusual AWS Command for a User | -baseline
Unusual AWS S3 Object Encryption with SSE-C | -data-events
Unusual City For an AWS Command | -baseline
Unusual Country For an AWS Command | -baseline
`);
