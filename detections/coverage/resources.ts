import { coverageTable } from "./coverage.ts";

/** The resources of the deployment. */
export const resources = coverageTable(`
KMS keys of the records, the trail, the alarms, the database, its secret, the images and the flow log | kms-key-change:DisableKey kms-key-change:ScheduleKeyDeletion kms-key-change:PutKeyPolicy kms-key-change:CreateGrant kms-key-change:RetireGrant
KMS keys of the service's logs, and of states and plans | -event-rule
Master secret: reading, BatchGetSecretValue, resource policy, replication, new value, deletion | secret-access:GetSecretValue secret-access:BatchGetSecretValue secret-access:PutResourcePolicy secret-access:ReplicateSecretToRegions secret-access:UpdateSecret secret-access:DeleteSecret
Database: instance, parameter group, subnet group, snapshots, copies of backups, Aurora clusters made of it | database-change:ModifyDBInstance database-change:ModifyDBParameterGroup database-change:RegisterDBProxyTargets database-change:DeleteDBSnapshot database-change:StopDBInstanceAutomatedBackupsReplication database-copy:CreateDBSnapshot database-copy:ModifyDBSnapshotAttribute database-copy:RestoreDBClusterFromSnapshot database-copy:CreateDBCluster
Roles, their policies and boundary, and GitHub's identity provider | role-change:PutRolePolicy role-change:CreatePolicyVersion role-change:AddClientIDToOpenIDConnectProvider
Sessions of the service's roles | service-credentials-outside:GetCallerIdentity service-credentials-outside:Decrypt denied-api:ListBuckets role-change:AssumeRole
ECS cluster, service, task definition and tasks, their number and sessions in them | ecs-change:UpdateService ecs-change:ExecuteCommand ecs-change:StartSession ecs-change:RegisterScalableTarget ecs-change:StopTask ecs-change:StopServiceDeployment ecs-change:DeregisterTaskDefinition ecs-change:DeleteTaskDefinitions ecs-change:PutClusterCapacityProviders ecs-change:CreateDaemon
Roles of the tasks and of the rollout, given to other tasks, Express services, daemons and services | role-borrowed:RegisterTaskDefinition role-borrowed:RunTask role-borrowed:CreateTaskSet role-borrowed:CreateExpressGatewayService role-borrowed:UpdateExpressGatewayService role-borrowed:RegisterDaemonTaskDefinition role-borrowed:CreateService
Image repository: images, storage class, policies, tag mutability, life cycle | image-change:PutImage image-change:UpdateImageStorageClass image-change:SetRepositoryPolicy image-change:PutRegistryPolicy image-change:PutImageTagMutability image-change:DeleteLifecyclePolicy
Load balancer: listeners, certificates, targets, security groups, attributes | ingress-change:ModifyListener ingress-change:SetRulePriorities ingress-change:AddListenerCertificates ingress-change:RegisterTargets ingress-change:SetSecurityGroups ingress-change:ModifyLoadBalancerAttributes
Target groups of the service, used by other services of ECS | ingress-change:CreateService ingress-change:UpdateService
Web ACL: rules, association, log | ingress-change:UpdateWebACL ingress-change:DisassociateWebACL ingress-change:DeleteLoggingConfiguration ingress-change:PutLoggingConfiguration
Security groups of the tasks, the database and the VPC endpoints | network-change:AuthorizeSecurityGroupIngress network-change:RevokeSecurityGroupEgress network-change:ModifySecurityGroupRules network-change:DeleteSecurityGroup
What is in these groups: instances, interfaces, tasks, Express services, VPC endpoints, proxies, load balancers and other databases, also of other accounts | network-change:RunInstances network-change:CreateNetworkInterface network-change:ModifyNetworkInterfaceAttribute network-change:ModifyInstanceAttribute network-change:RunTask network-change:CreateExpressGatewayService network-change:CreateVpcEndpoint network-change:CreateDBProxy network-change:CreateLoadBalancer network-change:CreateResourceShare
Security group of the load balancer | -more-callers
VPC endpoints | network-change:ModifyVpcEndpoint network-change:DeleteVpcEndpoints
VPC, subnets, routes, gateways, peering | cis-vpc-change:DeleteVpc cis-route-change:ReplaceRoute cis-gateway-change:AttachInternetGateway
Flow log | trail-change:DeleteFlowLogs
Trail and its bucket | trail-change:StopLogging trail-change:UpdateTrail trail-change:PutBucketPolicy
Log groups, of RDS, WAF and Container Insights too: deletion, key, masking, subscription, retention, pipelines | trail-change:DeleteLogGroup trail-change:AssociateKmsKey trail-change:PutDataProtectionPolicy trail-change:PutSubscriptionFilter trail-change:PutRetentionPolicy trail-change:PutBearerTokenAuthentication trail-change:PutAccountPolicy trail-change:CreateTelemetryPipeline
Buckets of states, plans and access logs | bucket-change:PutBucketPolicy bucket-change:DeleteBucket
Alarms, metric filters, anomaly detectors, mute rules, EventBridge rules and their bus | alarm-change:DeleteAlarms alarm-change:DeleteMetricFilter alarm-change:PutMetricFilter alarm-change:DeleteAnomalyDetector alarm-change:PutAlarmMuteRule alarm-change:DisableRule alarm-change:UpdateEventBus
Topics and subscriptions | alarm-change:DeleteTopic alarm-change:SetTopicAttributes alarm-change:Subscribe alarm-change:Unsubscribe alarm-change:SetSubscriptionAttributes alarm-change:PutDataProtectionPolicy
Slack channel | alarm-change:DeleteSlackChannelConfiguration alarm-change:DeleteSlackWorkspaceAuthorization
Queues and webhook of the alarm events | alarm-change:DeleteQueue alarm-change:SetQueueAttributes alarm-change:UpdateApiDestination
Schedules of the database's operating hours | -schedules
Domain and hosted zone | -dns
`);
