import { coverageTable } from "./coverage.ts";

/**
 * Rules of Panther for CloudTrail, by display name. Left out: rules for services that the deployment does not
 * use (Bedrock, CodeBuild, Lambda, Macie, SES, SSM, and EC2 instances, volumes and images).
 * https://github.com/panther-labs/panther-analysis/tree/daa10c888566839e9918dfba1cd652743781e5fe/rules/aws_cloudtrail_rules
 */
export const panther = coverageTable(`
A CloudTrail Was Created or Updated | trail-change:UpdateTrail cis-trail-change:CreateTrail
AWS CloudTrail Account Discovery | -reads
AWS CloudTrail Attempt To Leave Org | -account
AWS CloudTrail Password Policy Discovery | -reads
AWS CloudTrail Password Spraying | cis-sign-in-failures:ConsoleLogin
AWS CloudTrail Retention Lifecycle Too Short | trail-change:PutBucketLifecycle
AWS Compromised IAM Key Quarantine | -people
AWS Config Service Created | -account
AWS Config Service Disabled | cis-config-change:StopConfigurationRecorder
AWS Console GetSigninToken Potential Abuse | -sign-in
AWS Console Login | -sign-in
AWS EC2 Manual Security Group Change | network-change:AuthorizeSecurityGroupIngress
AWS EC2 Traffic Mirroring | -unused
AWS ECR Events | image-change:PutImage
AWS IAM Access Key Compromise Detection | -people
AWS IAM Group Read Only Events | -reads
AWS IMDS Credential Usage Outside Expected Services | service-credentials-outside:GetCallerIdentity
AWS Network ACL Overly Permissive Entry Created | cis-network-acl-change:CreateNetworkAclEntry
AWS Public RDS Restore | database-copy:RestoreDBInstanceFromDBSnapshot
AWS RDS Activity Stream Stopped | -unused
AWS RDS Automated Backup Deleted | database-change:DeleteDBInstanceAutomatedBackup
AWS RDS Cluster Failover Initiated | -unused
AWS RDS Deletion Protection Disabled | database-change:ModifyDBInstance
AWS RDS Instance Modified to be Publicly Accessible | database-change:ModifyDBInstance
AWS RDS Instance or Cluster Deleted | database-change:DeleteDBInstance
AWS RDS Instance or Cluster Rebooted | database-change:RebootDBInstance
AWS RDS Log File Downloaded | -reads
AWS RDS Manual/Public Snapshot Created | database-copy:CreateDBSnapshot
AWS RDS Master Password Updated | database-change:ModifyDBInstance
AWS RDS Security Group Ingress Authorized | -unused
AWS RDS Snapshot Copied Cross-Region | database-copy:CopyDBSnapshot
AWS RDS Snapshot Deleted | database-change:DeleteDBSnapshot
AWS RDS Snapshot Enumeration with Public or Shared Flag | -reads
AWS RDS Snapshot Exported to S3 | database-copy:StartExportTask
AWS RDS Snapshot Shared | database-copy:ModifyDBSnapshotAttribute
AWS Resource Made Public | image-change:SetRepositoryPolicy bucket-change:PutBucketPolicy secret-access:PutResourcePolicy alarm-change:SetTopicAttributes
AWS S3 Bucket Policy Modified | bucket-change:PutBucketPolicy trail-change:PutBucketPolicy
AWS S3 Copy Object with Client-Side Encryption | -data-events
AWS S3 Delete Object Detection | -data-events
AWS S3 Delete Objects Detection | -data-events
AWS S3 Object Copied to External Account Bucket | -data-events
AWS S3 Ransomware Note Upload Detection | -data-events
AWS S3 Security Control Disabling | bucket-change:DeleteBucketPublicAccessBlock
AWS SAML Activity | -people
AWS STS GetCallerIdentity via TruffleHog | service-credentials-outside:GetCallerIdentity
AWS STS GetSessionToken by IAM User | -people
AWS Secrets Manager Batch Retrieve Secrets | secret-access:BatchGetSecretValue
AWS Secrets Manager Batch Retrieve Secrets Catch-All | secret-access:BatchGetSecretValue
AWS Secrets Manager Retrieve Secrets Multi-Region | secret-access:GetSecretValue
AWS SecurityHub Finding Evasion | -account
AWS Snapshot Made Public | database-copy:ModifyDBSnapshotAttribute
AWS Unsuccessful MFA attempt | -sign-in
AWS User API Key Created | -people
AWS User Login Profile Created or Modified | -people
AWS VPC Flow Logs Removed | trail-change:DeleteFlowLogs
AWS WAF Disassociation | ingress-change:DisassociateWebACL
AWS.CloudTrail.UserAccessKeyAuth | -people
Account Security Configuration Changed | trail-change:StopLogging trail-change:DeleteFlowLogs
CloudTrail Event Selectors Disabled | trail-change:PutEventSelectors
CloudTrail Stopped | trail-change:StopLogging trail-change:DeleteTrail
DEPRECATED - AWS User Login Profile Modified | -people
Detect Reconnaissance from IAM Users | cis-unauthorized-calls:ListAccounts
EC2 Network ACL Modified | cis-network-acl-change:CreateNetworkAclEntry
EC2 Network Gateway Modified | cis-gateway-change:AttachInternetGateway
EC2 Route Table Modified | cis-route-change:ReplaceRoute
EC2 Secrets Manager Retrieve Secrets | secret-access:GetSecretValue
EC2 Security Group Modified | network-change:AuthorizeSecurityGroupIngress
EC2 VPC Modified | cis-vpc-change:AcceptVpcPeeringConnection
ECR CRUD Actions | image-change:PutImage
External Principal Accessing AWS Resources Via VPC Endpoint | -endpoint-denials
Failed Root Console Login | cis-sign-in-failures:ConsoleLogin
IAM Administrator Role Policy Attached | role-change:AttachRolePolicy
IAM Assume Role Blocklist Ignored | role-change:AssumeRole
IAM Change | role-change:PutRolePolicy cis-iam-policy-change:AttachUserPolicy
IAM Entity Created Without CloudFormation | role-change:CreateRole
IAM Policy Modified | role-change:PutRolePolicy role-change:CreatePolicyVersion
IAM Role Added to RDS Instance or Cluster | database-change:AddRoleToDBInstance
IAM Role Created | role-change:CreateRole
IAM Role Policy Updated to Allow Internet Access | role-change:UpdateAssumeRolePolicy
IAM User Created | -people
IAM User Policy Attached with Administrator Access | cis-iam-policy-change:AttachUserPolicy
KMS CMK Disabled or Deleted | kms-key-change:DisableKey kms-key-change:ScheduleKeyDeletion
Logins Without MFA | cis-sign-in-without-mfa:ConsoleLogin
Logins Without SAML | -sign-in
Monitor Unauthorized API Calls | cis-unauthorized-calls:ListAccounts denied-api:ListBuckets
New IAM Credentials Updated | -people
Root Account Access Key Created | cis-root-use:CreateAccessKey
Root Account Activity | cis-root-use:CreateAccessKey
Root Console Login | cis-root-use:CreateAccessKey
Root Password Changed | cis-root-use:CreateAccessKey
S3 Access Via VPC Endpoint From External IP | -data-events
S3 Bucket Deleted | bucket-change:DeleteBucket trail-change:DeleteBucket
S3 Bucket Encryption Deleted | bucket-change:DeleteBucketEncryption trail-change:DeleteBucketEncryption
S3 Bucket Logging Disabled | bucket-change:PutBucketLogging trail-change:PutBucketLogging
S3 Bucket Replication Deleted | bucket-change:DeleteBucketReplication
S3 Bucket Versioning Suspended | bucket-change:PutBucketVersioning
S3 MFA Delete Disabled | bucket-change:PutBucketVersioning
S3 Object Encrypted with External KMS Key | -data-events
S3 Public Access Block Deleted | bucket-change:DeleteBucketPublicAccessBlock
SIGNAL - AWS Console SSO Sign-In | -sign-in
SIGNAL - Retrieve SSO access token | -sign-in
SIGNAL - Role Assumed by AWS Service | role-change:AssumeRole
SIGNAL - Role Assumed by User | role-change:AssumeRole
SIGNAL - Sign-in with AWS CLI prompt | -sign-in
Sensitive API Calls Via VPC Endpoint | -endpoint-denials
Unused AWS Region | -account
VPC Endpoint Access Denied | -endpoint-denials
`);
