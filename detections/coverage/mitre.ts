import { coverageTable } from "./coverage.ts";

/**
 * The techniques of MITRE ATT&CK's IaaS matrix, version 18, without their descriptions.
 * https://attack.mitre.org/matrices/enterprise/cloud/iaas/
 */
export const mitre = coverageTable(`
T1020.001 Traffic Duplication | -unused
T1021 Remote Services | -unused
T1021.007 Cloud Services | role-change:AssumeRole cis-sign-in-without-mfa:ConsoleLogin
T1021.008 Direct Cloud VM Connections | ecs-change:ExecuteCommand
T1036.010 Masquerade Account Name | -people
T1040 Network Sniffing | -unused
T1046 Network Service Discovery | -network
T1048 Exfiltration Over Alternative Protocol | network-change:AuthorizeSecurityGroupEgress
T1049 System Network Connections Discovery | -reads
T1059 Command and Scripting Interpreter | ecs-change:ExecuteCommand
T1059.009 Cloud API | kms-outsider:Decrypt role-change:PutRolePolicy database-change:ModifyDBInstance
T1069 Permission Groups Discovery | -reads
T1069.003 Cloud Groups | -reads
T1074 Data Staged | database-copy:StartExportTask
T1074.002 Remote Data Staging | database-copy:StartExportTask
T1078 Valid Accounts | role-change:AssumeRole service-credentials-outside:GetCallerIdentity
T1078.001 Default Accounts | cis-root-use:CreateAccessKey
T1078.004 Cloud Accounts | service-credentials-outside:Decrypt role-change:AssumeRole
T1082 System Information Discovery | -reads
T1087 Account Discovery | -reads
T1087.004 Cloud Account | -reads
T1098 Account Manipulation | role-change:PutRolePolicy
T1098.001 Additional Cloud Credentials | role-change:UpdateAssumeRolePolicy role-change:AddClientIDToOpenIDConnectProvider
T1098.003 Additional Cloud Roles | role-change:AttachRolePolicy
T1098.004 SSH Authorized Keys | -unused
T1110 Brute Force | kms-errors:Decrypt decrypt-denied:metric
T1110.001 Password Guessing | kms-errors:Decrypt decrypt-denied:metric
T1110.003 Password Spraying | kms-errors:Decrypt decrypt-denied:metric
T1110.004 Credential Stuffing | kms-errors:Decrypt decrypt-denied:metric
T1119 Automated Collection | kms-volume:Decrypt client-volume:metric quota-exceeded:metric
T1136 Create Account | role-change:CreateRole
T1136.003 Cloud Account | role-change:CreateRole
T1190 Exploit Public-Facing Application | service-credentials-outside:GetCallerIdentity denied-api:ListBuckets tampered-record:metric
T1199 Trusted Relationship | role-change:UpdateAssumeRolePolicy kms-outsider:Decrypt
T1201 Password Policy Discovery | -reads
T1204 User Execution | image-change:PutImage
T1204.003 Malicious Image | image-change:PutImage
T1211 Exploitation for Defense Evasion | -provider
T1213 Data from Information Repositories | kms-volume:Decrypt client-volume:metric kms-outsider:Decrypt
T1213.006 Databases | kms-volume:Decrypt database-copy:CreateDBSnapshot secret-access:GetSecretValue
T1485 Data Destruction | kms-key-change:ScheduleKeyDeletion database-change:DeleteDBInstance
T1485.001 Lifecycle-Triggered Deletion | trail-change:PutBucketLifecycle bucket-change:PutBucketLifecycle
T1486 Data Encrypted for Impact | kms-key-change:PutKeyPolicy tampered-record:metric unreadable-record:metric
T1489 Service Stop | ecs-change:UpdateService ecs-change:StopTask image-change:UpdateImageStorageClass kms-key-change:DisableKey
T1490 Inhibit System Recovery | database-change:DeleteDBSnapshot database-change:ModifyDBInstance
T1491 Defacement | -no-pages
T1491.002 External Defacement | -no-pages
T1496 Resource Hijacking | ecs-change:RunTask role-borrowed:RunTask
T1496.001 Compute Hijacking | ecs-change:RunTask role-borrowed:RunTask
T1496.002 Bandwidth Hijacking | ecs-change:RunTask
T1498 Network Denial of Service | -floods
T1498.001 Direct Network Flood | -floods
T1498.002 Reflection Amplification | -floods
T1499 Endpoint Denial of Service | -floods
T1499.002 Service Exhaustion Flood | -floods
T1499.003 Application Exhaustion Flood | -floods
T1499.004 Application or System Exploitation | -floods
T1518 Software Discovery | -reads
T1518.001 Security Software Discovery | -reads
T1525 Implant Internal Image | image-change:PutImage ecs-change:RegisterTaskDefinition
T1526 Cloud Service Discovery | denied-api:ListBuckets
T1528 Steal Application Access Token | service-credentials-outside:GetCallerIdentity role-borrowed:RegisterTaskDefinition
T1530 Data from Cloud Storage | -data-events
T1531 Account Access Removal | role-change:DeleteRolePolicy secret-access:PutResourcePolicy
T1535 Unused/Unsupported Cloud Regions | -account
T1537 Transfer Data to Cloud Account | database-copy:ModifyDBSnapshotAttribute secret-access:PutResourcePolicy
T1538 Cloud Service Dashboard | -reads
T1546 Event Triggered Execution | alarm-change:UpdateApiDestination
T1548 Abuse Elevation Control Mechanism | role-change:AssumeRole
T1548.005 Temporary Elevated Cloud Access | role-change:AssumeRole
T1550 Use Alternate Authentication Material | service-credentials-outside:Decrypt
T1550.001 Application Access Token | service-credentials-outside:Decrypt
T1550.004 Web Session Cookie | -sign-in
T1552 Unsecured Credentials | secret-access:GetSecretValue
T1552.001 Credentials In Files | -no-files
T1552.005 Cloud Instance Metadata API | service-credentials-outside:GetCallerIdentity
T1555 Credentials from Password Stores | secret-access:GetSecretValue
T1555.006 Cloud Secrets Management Stores | secret-access:GetSecretValue secret-access:BatchGetSecretValue
T1556 Modify Authentication Process | database-change:ModifyDBInstance
T1556.006 Multi-Factor Authentication | -people
T1556.007 Hybrid Identity | -people
T1556.009 Conditional Access Policies | role-change:UpdateAssumeRolePolicy kms-key-change:PutKeyPolicy
T1562 Impair Defenses | trail-change:StopLogging alarm-change:DeleteAlarms
T1562.001 Disable or Modify Tools | alarm-change:DisableAlarmActions alarm-change:PutAlarmMuteRule ingress-change:DisassociateWebACL
T1562.007 Disable or Modify Cloud Firewall | network-change:AuthorizeSecurityGroupIngress ingress-change:UpdateWebACL
T1562.008 Disable or Modify Cloud Logs | trail-change:StopLogging trail-change:PutEventSelectors trail-change:DeleteFlowLogs
T1578 Modify Cloud Compute Infrastructure | database-copy:CreateDBSnapshot database-change:ModifyDBInstance
T1578.001 Create Snapshot | database-copy:CreateDBSnapshot
T1578.002 Create Cloud Instance | network-change:RunInstances database-copy:RestoreDBInstanceFromDBSnapshot role-borrowed:RunTask
T1578.003 Delete Cloud Instance | database-change:DeleteDBInstance
T1578.004 Revert Cloud Instance | database-copy:RestoreDBInstanceToPointInTime
T1578.005 Modify Cloud Compute Configurations | database-change:ModifyDBInstance ecs-change:UpdateService
T1580 Cloud Infrastructure Discovery | -reads
T1606 Forge Web Credentials | -sign-in
T1606.001 Web Cookies | -sign-in
T1606.002 SAML Tokens | -people
T1614 System Location Discovery | -reads
T1619 Cloud Storage Object Discovery | -data-events
T1621 Multi-Factor Authentication Request Generation | -people
T1648 Serverless Execution | role-change:AssumeRole role-borrowed:RegisterTaskDefinition
T1651 Cloud Administration Command | ecs-change:ExecuteCommand
T1654 Log Enumeration | -reads
T1666 Modify Cloud Resource Hierarchy | cis-organization-change:DetachPolicy
T1680 Local Storage Discovery | -reads
`);
