import { DataAwsEc2ManagedPrefixList } from "@cdktf/provider-aws/lib/data-aws-ec2-managed-prefix-list/index.js";
import { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster/index.js";
import { EcsService } from "@cdktf/provider-aws/lib/ecs-service/index.js";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition/index.js";
import { type ITerraformDependable, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import {
  clusterName,
  ecsServiceName,
  erasureLogGroupName,
  executionRoleName,
  serviceRoleName,
} from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { execPermissions } from "./constructs/exec.ts";
import { fargateCapacity } from "./constructs/fargate-capacity.ts";
import { LoadBalancer } from "./constructs/load-balancer.ts";
import {
  allow,
  PULL_IMAGE,
  READ_TRAIL,
  type Statement,
  USE_LEDGER,
  viaService,
} from "./constructs/policy.ts";
import { RewrapTask } from "./constructs/rewrap-task.ts";
import { Rollout } from "./constructs/rollout.ts";
import { allowTcpFrom, allowTcpTo, type Peer } from "./constructs/security-group-rule.ts";
import { type ServiceLogs, serviceLogs } from "./constructs/service-logs.ts";
import {
  API_CONTAINER,
  serviceTask,
  type TaskDatabaseProps,
  type TaskKeysProps,
} from "./constructs/service-task.ts";
import { TaskRole } from "./constructs/task-role.ts";
import { TaskScaling } from "./constructs/task-scaling.ts";
import { WebAcl } from "./constructs/web-acl.ts";
import { encryptDecryptPermissions } from "./kms.ts";
import { trailArnOf } from "./trail.ts";

export interface ServiceStackProps extends CipherwatchStackProps, TaskKeysProps, TaskDatabaseProps {
  /** Digest of the image in the repository, `sha256:…`. */
  readonly imageDigest: string;
  readonly repositoryArn: string;
  readonly repositoryUrl: string;
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
  /** Security group of the tasks. This stack adds all its rules. */
  readonly serviceSecurityGroupId: string;
  /** Security group of the interface endpoints. Default: tasks reach AWS APIs through the NAT gateway. */
  readonly endpointSecurityGroupId?: string | undefined;
  /** Identifies the database in IAM policies: `db-…`. */
  readonly databaseResourceId: string;
  readonly databaseSecurityGroupId: string;
  /** ARN of the key that encrypts the master secret. Undefined if Secrets Manager manages it. */
  readonly secretKeyArn: string | undefined;
}

const PORT = 8080;
const HTTPS = 443;

/**
 * Seconds for which a stopping task may finish its requests: first at the load balancer, then between
 * SIGTERM and SIGKILL. The service drains within 25.
 */
const DRAIN_SECONDS = 30;

/** Seconds until the API must be healthy. Includes the migrations, for which ECS waits three minutes. */
const START_SECONDS = 210;
/** The API on Fargate, behind a load balancer with a web ACL. */
export class ServiceStack extends CipherwatchStack {
  /** URL without a path: `http://…` or `https://…`. */
  readonly endpoint: string;
  readonly taskRoleArn: string;
  readonly clusterName: string;
  readonly serviceName: string;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { env } = this.settings;
    this.clusterName = clusterName(env);
    this.serviceName = ecsServiceName(env);

    const logs = serviceLogs(this, this.clusterName);
    const execution = this.#executionRole(props, logs.service.arn);
    const role = this.#serviceRole(props, logs);
    this.taskRoleArn = role.roleArn;

    const loadBalancer = new LoadBalancer(this, "LoadBalancer", {
      vpcId: props.vpcId,
      subnetIds: props.publicSubnetIds,
      targetSecurityGroupId: props.serviceSecurityGroupId,
      targetPort: PORT,
      drainSeconds: DRAIN_SECONDS,
    });
    this.endpoint = loadBalancer.endpoint;
    if (this.settings.webAcl) {
      new WebAcl(this, "WebAcl", {
        resourceArn: loadBalancer.loadBalancerArn,
        logGroupArn: logs.waf.arn,
      });
    }

    const connections = this.#allowConnections(props, loadBalancer.securityGroupId);
    const container = {
      ...props,
      image: `${props.repositoryUrl}@${props.imageDigest}`,
      executionRoleArn: execution.roleArn,
      logGroupName: logs.service.name,
    };
    const task = serviceTask(this, "Task", {
      ...container,
      taskRoleArn: role.roleArn,
      port: PORT,
      stopSeconds: DRAIN_SECONDS,
    });
    if (props.previousKeyArns.length > 0) new RewrapTask(this, "Rewrap", container);
    const cluster = this.#cluster(logs);
    const rollout = new Rollout(this, "Rollout", loadBalancer);
    const service = this.#service(props, cluster, task, loadBalancer, rollout, [
      execution.permissions,
      role.permissions,
      ...connections,
    ]);
    new TaskScaling(this, "Scaling", {
      clusterName: cluster.name,
      serviceName: service.name,
      loadBalancerArnSuffix: loadBalancer.arnSuffix,
      ...(rollout.shifting === undefined
        ? { targetGroupArnSuffix: loadBalancer.targetGroup.arnSuffix }
        : {}),
    });

    new TerraformOutput(this, "Endpoint", { value: this.endpoint });
    new TerraformOutput(this, "TaskRoleArn", { value: this.taskRoleArn });
    new TerraformOutput(this, "ClusterName", { value: this.clusterName });
    new TerraformOutput(this, "ServiceName", { value: this.serviceName });
  }

  /** The role that ECS assumes to start tasks: pulls the image, writes logs and reads the migrations' secret. */
  #executionRole(props: ServiceStackProps, logGroupArn: string): TaskRole {
    return new TaskRole(this, "ExecutionRole", {
      name: executionRoleName(this.settings.env),
      description: "Lets ECS start the tasks of the service",
      permissions: [
        allow("SignInToRegistry", ["*"], ["ecr:GetAuthorizationToken"]), // has no resource types
        allow("PullImage", [props.repositoryArn], PULL_IMAGE),
        allow(
          "WriteLogs",
          [`${logGroupArn}:log-stream:*`],
          ["logs:CreateLogStream", "logs:PutLogEvents"],
        ),
        allow("ReadMasterSecret", [props.masterSecretArn], ["secretsmanager:GetSecretValue"]),
        ...this.#decryptMasterSecret(props),
      ],
    });
  }

  /**
   * The key that Secrets Manager manages admits everybody who may read the secret.
   * https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
   */
  #decryptMasterSecret({ secretKeyArn, masterSecretArn }: ServiceStackProps): readonly Statement[] {
    if (secretKeyArn === undefined) return [];
    return [
      allow(
        "DecryptMasterSecret",
        [secretKeyArn],
        ["kms:Decrypt"],
        viaService(this, "secretsmanager"),
        ["StringEquals", "kms:EncryptionContext:SecretARN", masterSecretArn],
      ),
    ];
  }

  /** The role of the service. The detections expect it to make no calls beyond these permissions. */
  #serviceRole(props: ServiceStackProps, logs: ServiceLogs): TaskRole {
    const { env, executeCommand, decryptWithoutTrail, erasureLedger } = this.settings;
    const ledger = this.regionalArn("logs", `log-group:${erasureLogGroupName(env)}:*`);
    const { databaseResourceId, databaseUser } = props;
    return new TaskRole(this, "ServiceRole", {
      name: serviceRoleName(env),
      description: "Lets the service encrypt and decrypt records and sign in to the database",
      permissions: [
        ...encryptDecryptPermissions([props.keyArn], props.previousKeyArns),
        allow(
          "SignInToDatabase",
          [this.regionalArn("rds-db", `dbuser:${databaseResourceId}/${databaseUser}`)],
          ["rds-db:connect"],
        ),
        ...(decryptWithoutTrail === "allow"
          ? []
          : [allow("ReadTrail", [trailArnOf(this)], READ_TRAIL)]),
        ...(erasureLedger ? [allow("UseLedger", [ledger], USE_LEDGER)] : []),
        ...(executeCommand ? execPermissions(logs.exec.arn, logs.keyArn) : []),
      ],
    });
  }

  /** Allows connections from the load balancer, to the database and to AWS APIs, and no others. */
  #allowConnections(props: ServiceStackProps, loadBalancerGroupId: string): ITerraformDependable[] {
    const { serviceSecurityGroupId: securityGroupId, databaseSecurityGroupId } = props;
    return [
      allowTcpFrom(this, "AdmitLoadBalancer", {
        securityGroupId,
        peer: { referencedSecurityGroupId: loadBalancerGroupId },
        port: PORT,
        description: "Requests and health checks from the load balancer",
      }),
      allowTcpTo(this, "ReachDatabase", {
        securityGroupId,
        peer: { referencedSecurityGroupId: databaseSecurityGroupId },
        port: props.databasePort,
        description: "Records and migrations in the database",
      }),
      ...this.#allowAwsApis(props),
      ...this.settings.oidcEgressCidrs.map((cidrIpv4) =>
        allowTcpTo(this, `ReachIssuer-${cidrIpv4.replaceAll(/[./]/g, "-")}`, {
          securityGroupId,
          peer: { cidrIpv4 },
          port: HTTPS,
          description: "Keys that verify access tokens",
        }),
      ),
    ];
  }

  /** Without interface endpoints, AWS APIs have too many public addresses to list. */
  #allowAwsApis(props: ServiceStackProps): ITerraformDependable[] {
    const { serviceSecurityGroupId, endpointSecurityGroupId } = props;
    const allowTo = (id: string, peer: Peer, description: string) =>
      allowTcpTo(this, id, {
        securityGroupId: serviceSecurityGroupId,
        peer,
        port: HTTPS,
        description,
      });
    const apis = "KMS, Secrets Manager, ECR and CloudWatch Logs";
    if (endpointSecurityGroupId === undefined) {
      return [allowTo("ReachAws", { cidrIpv4: "0.0.0.0/0" }, apis)];
    }
    const s3 = new DataAwsEc2ManagedPrefixList(this, "S3Addresses", {
      name: `com.amazonaws.${this.settings.region}.s3`,
    });
    return [
      allowTo("ReachAws", { referencedSecurityGroupId: endpointSecurityGroupId }, apis),
      allowTo("ReachS3", { prefixListId: s3.id }, "Image layers, which ECR stores in S3"),
    ];
  }

  /**
   * Configures logging and encryption of ECS Exec even if the settings do not enable it, so that they also
   * apply if someone enables it by hand.
   */
  #cluster({ keyArn, exec, insights }: ServiceLogs): EcsCluster {
    return new EcsCluster(this, "Cluster", {
      name: this.clusterName,
      setting: [{ name: "containerInsights", value: this.settings.containerInsights }],
      configuration: {
        executeCommandConfiguration: {
          ...(keyArn !== undefined && { kmsKeyId: keyArn }),
          logging: "OVERRIDE",
          logConfiguration: {
            // Otherwise ECS Exec refuses to log to a log group without a customer managed key.
            cloudWatchEncryptionEnabled: keyArn !== undefined,
            cloudWatchLogGroupName: exec.name,
          },
        },
      },
      dependsOn: [insights],
    });
  }

  #service(
    props: ServiceStackProps,
    cluster: EcsCluster,
    task: EcsTaskDefinition,
    loadBalancer: LoadBalancer,
    rollout: Rollout,
    others: readonly ITerraformDependable[],
  ): EcsService {
    const { minTasks, executeCommand, natGateways } = this.settings;
    const isPublic = natGateways === "public-tasks";
    const capacity = fargateCapacity(this, cluster);
    return new EcsService(this, "Service", {
      name: this.serviceName,
      cluster: cluster.arn,
      taskDefinition: task.arn,
      ...capacity.service,
      platformVersion: "LATEST",
      desiredCount: minTasks,
      networkConfiguration: {
        subnets: [...(isPublic ? props.publicSubnetIds : props.privateSubnetIds)],
        securityGroups: [props.serviceSecurityGroupId],
        assignPublicIp: isPublic,
      },
      loadBalancer: [
        {
          targetGroupArn: loadBalancer.targetGroup.arn,
          containerName: API_CONTAINER,
          containerPort: PORT,
          ...(rollout.shifting === undefined ? {} : { advancedConfiguration: rollout.shifting }),
        },
      ],
      healthCheckGracePeriodSeconds: START_SECONDS,
      availabilityZoneRebalancing: "ENABLED",
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      // After a rollback the service is healthy, so the deployment would look successful. Waiting for the
      // new deployment's steady state makes the apply fail instead.
      deploymentCircuitBreaker: { enable: true, rollback: true },
      ...rollout.deployment,
      waitForSteadyState: true,
      enableExecuteCommand: executeCommand,
      enableEcsManagedTags: true,
      propagateTags: "SERVICE",
      lifecycle: { ignoreChanges: ["desired_count"] }, // set by autoscaling
      dependsOn: [loadBalancer.listener, ...capacity.providers, ...rollout.dependencies, ...others],
    });
  }
}
