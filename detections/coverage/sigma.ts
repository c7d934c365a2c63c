import { coverageTable } from "./coverage.ts";

/**
 * Rules of Sigma for CloudTrail, by title. Left out: rules for services that the deployment does not use
 * (Bedrock, EFS, EKS, ElastiCache, Glue, Lambda, SES, SSM, and EC2 instances and volumes).
 * https://github.com/SigmaHQ/sigma/tree/8eaafff1f2845a696050e05e72ba1140ee190698/rules/cloud/aws/cloudtrail
 */
export const sigma = coverageTable(`
AWS Bucket Deleted | bucket-change:DeleteBucket trail-change:DeleteBucket
AWS CloudTrail Important Change | trail-change:StopLogging
AWS Config Disabling Channel/Recorder | cis-config-change:StopConfigurationRecorder
AWS Console GetSigninToken Potential Abuse | -sign-in
AWS ConsoleLogin Failed Authentication | cis-sign-in-failures:ConsoleLogin
AWS ECS Task Definition That Queries The Credential Endpoint | ecs-change:RegisterTaskDefinition role-borrowed:RegisterTaskDefinition
AWS EnableRegion Command Monitoring | -account
AWS GuardDuty Detector Deleted Or Updated | -account
AWS GuardDuty Important Change | -account
AWS IAM Backdoor Users Keys | -people
AWS IAM S3Browser LoginProfile Creation | -people
AWS IAM S3Browser Templated S3 Bucket Policy Creation | -people
AWS IAM S3Browser User or AccessKey Creation | -people
AWS Identity Center Identity Provider Change | -people
AWS KMS Imported Key Material Usage | -key-material
AWS RDS Master Password Change | database-change:ModifyDBInstance
AWS Root Credentials | cis-root-use:CreateAccessKey
AWS Route 53 Domain Transfer Lock Disabled | -dns
AWS Route 53 Domain Transferred to Another Account | -dns
AWS S3 Bucket Versioning Disable | bucket-change:PutBucketVersioning
AWS S3 Data Management Tampering | bucket-change:PutBucketLifecycle trail-change:PutBucketLifecycle
AWS SAML Provider Deletion Activity | -people
AWS STS AssumeRole Misuse | role-change:AssumeRole
AWS STS GetCallerIdentity Enumeration Via TruffleHog | service-credentials-outside:GetCallerIdentity
AWS STS GetSessionToken Misuse | -people
AWS SecurityHub Findings Evasion | -account
AWS Successful Console Login Without MFA | cis-sign-in-without-mfa:ConsoleLogin
AWS Suspicious SAML Activity | -people
AWS User Login Profile Was Modified | -people
AWS VPC Flow Logs Deleted | trail-change:DeleteFlowLogs
Ingress/Egress Security Group Modification | network-change:AuthorizeSecurityGroupIngress
LoadBalancer Security Group Modification | ingress-change:SetSecurityGroups
Malicious Usage Of IMDS Credentials Outside Of AWS Infrastructure | -unused
Modification or Deletion of an AWS RDS Cluster | -unused
New Network ACL Entry Added | cis-network-acl-change:CreateNetworkAclEntry
New Network Route Added | cis-route-change:CreateRoute
PUA - AWS TruffleHog Execution | service-credentials-outside:GetCallerIdentity
Potential Bucket Enumeration on AWS | -reads
RDS Database Security Group Modification | -unused
Restore Public AWS RDS Instance | database-copy:RestoreDBInstanceFromDBSnapshot
`);
