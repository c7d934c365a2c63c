import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group/index.js";
import { DataAwsEc2ManagedPrefixList } from "@cdktf/provider-aws/lib/data-aws-ec2-managed-prefix-list/index.js";
import { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster/index.js";
import { EcsService } from "@cdktf/provider-aws/lib/ecs-service/index.js";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition/index.js";
import { type ITerraformDependable, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import {
  executionRoleName,
  keyAlias,
  logGroupName,
  resourceName,
  serviceLogGroupName,
  serviceRoleName,
} from "../common/naming.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { EncryptionKey, grantLogGroups } from "./constructs/encryption-key.ts";
import { execPermissions, grantExecSessions } from "./constructs/exec.ts";
import { LoadBalancer } from "./constructs/load-balancer.ts";
import { encryptedLogGroup } from "./constructs/log-group.ts";
import { admitTcp, type Peer, reachTcp } from "./constructs/security-group-rule.ts";
import { API_CONTAINER, serviceTask } from "./constructs/service-task.ts";
import { TaskRole } from "./constructs/task-role.ts";
import { TaskScaling } from "./constructs/task-scaling.ts";
import { WebAcl } from "./constructs/web-acl.ts";
import { encryptDecryptPermissions } from "./kms.ts";

export interface ServiceStackProps extends CipherwatchStackProps {
  /** `sha256:…` of the image in the repository. */
  readonly imageDigest: string;
  readonly repositoryArn: string;
  readonly repositoryUrl: string;
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
  /** Group of the tasks; all its rules are made here. */
  readonly serviceSecurityGroupId: string;
  /** Group of the interface endpoints of AWS's APIs. Tasks go through the NAT gateway unless given. */
  readonly endpointSecurityGroupId?: string;
  /** Of the data key. */
  readonly keyArn: string;
  readonly databaseHost: string;
  readonly databasePort: number;
  readonly databaseName: string;
  /** PostgreSQL role that the service signs in as, by IAM. */
  readonly databaseUser: string;
  /** `db-…`, by which IAM knows the database. */
  readonly databaseResourceId: string;
  readonly databaseSecurityGroupId: string;
  readonly masterSecretArn: string;
  /** Of the key that encrypts the master secret. */
  readonly secretKeyArn: string;
}

const PORT = 8080;
const HTTPS = 443;

/**
 * Seconds that a task gets to finish what it has, once from the load balancer and then, after SIGTERM,
 * from ECS; the service drains within 25.
 */
const DRAIN_SECONDS = 30;

/** Seconds in which the API must be up: ECS gives the migrations, which run first, three minutes. */
const START_SECONDS = 210;

/** The API on Fargate behind its load balancer and web ACL. */
export class ServiceStack extends CipherwatchStack {
  /** `http://…` or `https://…`, without a path. */
  readonly endpoint: string;
  readonly taskRoleArn: string;
  readonly clusterName: string;
  readonly serviceName: string;

  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { env } = this.settings;
    this.clusterName = resourceName(env, "service");
    this.serviceName = resourceName(env, "api");

    const logs = this.#logs();
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
    new WebAcl(this, "WebAcl", {
      resourceArn: loadBalancer.loadBalancerArn,
      logGroupArn: logs.waf.arn,
    });

    const connections = this.#connect(props, loadBalancer.securityGroupId);
    const task = serviceTask(this, "Task", {
      image: `${props.repositoryUrl}@${props.imageDigest}`,
      executionRoleArn: execution.roleArn,
      taskRoleArn: role.roleArn,
      logGroupName: logs.service.name,
      port: PORT,
      stopSeconds: DRAIN_SECONDS,
      keyArn: props.keyArn,
      databaseHost: props.databaseHost,
      databasePort: props.databasePort,
      databaseName: props.databaseName,
      databaseUser: props.databaseUser,
      masterSecretArn: props.masterSecretArn,
    });
    const cluster = this.#cluster(logs);
    const service = this.#service(props, cluster, task, loadBalancer, [
      execution.permissions,
      role.permissions,
      ...connections,
    ]);
    new TaskScaling(this, "Scaling", {
      clusterName: cluster.name,
      serviceName: service.name,
      resourceLabel: loadBalancer.resourceLabel,
    });

    new TerraformOutput(this, "Endpoint", { value: this.endpoint });
    new TerraformOutput(this, "TaskRoleArn", { value: this.taskRoleArn });
    new TerraformOutput(this, "ClusterName", { value: this.clusterName });
    new TerraformOutput(this, "ServiceName", { value: this.serviceName });
  }

  #logs(): Logs {
    const { env, executeCommand } = this.settings;
    const service = serviceLogGroupName(env);
    const exec = logGroupName(env, "exec");
    const waf = `aws-waf-logs-${resourceName(env, "service")}`;
    // Container Insights makes it by itself, unencrypted and for ever, where it is not there yet.
    const insights = `/aws/ecs/containerinsights/${this.clusterName}/performance`;
    const { keyArn } = new EncryptionKey(this, "LogsKey", {
      alias: keyAlias(env, "service-logs"),
      description: `Encrypts the logs of the service of cipherwatch ${env}, and commands run in it`,
      grants: [
        grantLogGroups(this, service, exec, waf, insights),
        ...(executeCommand ? grantExecSessions(this, serviceRoleName(env)) : []),
      ],
    });
    return {
      keyArn,
      service: encryptedLogGroup(this, "ServiceLogs", { name: service, keyArn }),
      exec: encryptedLogGroup(this, "ExecLogs", { name: exec, keyArn }),
      waf: encryptedLogGroup(this, "WafLogs", { name: waf, keyArn }),
      insights: encryptedLogGroup(this, "InsightsLogs", { name: insights, keyArn }),
    };
  }

  /** What starts a task: pulls the image, opens its logs, hands the migrations their secret. */
  #executionRole(props: ServiceStackProps, logGroupArn: string): TaskRole {
    const { env, region } = this.settings;
    return new TaskRole(this, "ExecutionRole", {
      name: executionRoleName(env),
      description: "ECS starts the tasks of the service",
      permissions: [
        {
          sid: "SignInToRegistry",
          actions: ["ecr:GetAuthorizationToken"],
          resources: ["*"], // AWS offers nothing narrower
        },
        {
          sid: "PullImage",
          actions: [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
          ],
          resources: [props.repositoryArn],
        },
        {
          sid: "WriteLogs",
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [`${logGroupArn}:log-stream:*`],
        },
        {
          sid: "ReadMasterSecret",
          actions: ["secretsmanager:GetSecretValue"],
          resources: [props.masterSecretArn],
        },
        {
          sid: "DecryptMasterSecret",
          actions: ["kms:Decrypt"],
          resources: [props.secretKeyArn],
          conditions: [
            ["StringEquals", "kms:ViaService", `secretsmanager.${region}.amazonaws.com`],
            ["StringEquals", "kms:EncryptionContext:SecretARN", props.masterSecretArn],
          ],
        },
      ],
    });
  }

  /** What the service may do, which is all that its detections expect it to do. */
  #serviceRole(props: ServiceStackProps, logs: Logs): TaskRole {
    const { env, executeCommand } = this.settings;
    const { databaseResourceId, databaseUser } = props;
    return new TaskRole(this, "ServiceRole", {
      name: serviceRoleName(env),
      description: "The service seals and opens records and signs in to the database",
      permissions: [
        ...encryptDecryptPermissions([props.keyArn]),
        {
          sid: "SignInToDatabase",
          actions: ["rds-db:connect"],
          resources: [this.regionalArn("rds-db", `dbuser:${databaseResourceId}/${databaseUser}`)],
        },
        ...(executeCommand ? execPermissions(logs.exec.arn, logs.keyArn) : []),
      ],
    });
  }

  /** All that the tasks may talk to: the load balancer, the database and AWS's APIs. */
  #connect(props: ServiceStackProps, loadBalancerGroupId: string): ITerraformDependable[] {
    const { serviceSecurityGroupId: securityGroupId, databaseSecurityGroupId } = props;
    return [
      admitTcp(this, "AdmitLoadBalancer", {
        securityGroupId,
        peer: { referencedSecurityGroupId: loadBalancerGroupId },
        port: PORT,
        description: "Requests and health checks from the load balancer",
      }),
      reachTcp(this, "ReachDatabase", {
        securityGroupId,
        peer: { referencedSecurityGroupId: databaseSecurityGroupId },
        port: props.databasePort,
        description: "Records and migrations in the database",
      }),
      ...this.#reachAws(props),
    ];
  }

  /** Without interface endpoints AWS's APIs have public addresses, of which there is no short list. */
  #reachAws(props: ServiceStackProps): ITerraformDependable[] {
    const { serviceSecurityGroupId, endpointSecurityGroupId } = props;
    const reach = (id: string, peer: Peer, description: string) =>
      reachTcp(this, id, {
        securityGroupId: serviceSecurityGroupId,
        peer,
        port: HTTPS,
        description,
      });
    const apis = "KMS, Secrets Manager, ECR and CloudWatch Logs";
    if (endpointSecurityGroupId === undefined) {
      return [reach("ReachAws", { cidrIpv4: "0.0.0.0/0" }, apis)];
    }
    const s3 = new DataAwsEc2ManagedPrefixList(this, "S3Addresses", {
      name: `com.amazonaws.${this.settings.region}.s3`,
    });
    return [
      reach("ReachAws", { referencedSecurityGroupId: endpointSecurityGroupId }, apis),
      reach("ReachS3", { prefixListId: s3.id }, "Layers of images, which ECR keeps in S3"),
    ];
  }

  /**
   * Commands run in a task would be logged and encrypted even where somebody lets them run by hand,
   * for this is the cluster's setting and not the service's.
   */
  #cluster({ keyArn, exec, insights }: Logs): EcsCluster {
    return new EcsCluster(this, "Cluster", {
      name: this.clusterName,
      setting: [{ name: "containerInsights", value: this.settings.containerInsights }],
      configuration: {
        executeCommandConfiguration: {
          kmsKeyId: keyArn,
          logging: "OVERRIDE",
          logConfiguration: {
            cloudWatchEncryptionEnabled: true,
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
    needed: readonly ITerraformDependable[],
  ): EcsService {
    const { minTasks, executeCommand } = this.settings;
    return new EcsService(this, "Service", {
      name: this.serviceName,
      cluster: cluster.arn,
      taskDefinition: task.arn,
      launchType: "FARGATE",
      platformVersion: "LATEST",
      desiredCount: minTasks,
      networkConfiguration: {
        subnets: [...props.privateSubnetIds],
        securityGroups: [props.serviceSecurityGroupId],
        assignPublicIp: false,
      },
      loadBalancer: [
        {
          targetGroupArn: loadBalancer.targetGroupArn,
          containerName: API_CONTAINER,
          containerPort: PORT,
        },
      ],
      healthCheckGracePeriodSeconds: START_SECONDS,
      availabilityZoneRebalancing: "ENABLED",
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      // A rollback leaves a service that works and looks like a deployment that did: waiting for the
      // steady state of the new one is what tells.
      deploymentCircuitBreaker: { enable: true, rollback: true },
      waitForSteadyState: true,
      enableExecuteCommand: executeCommand,
      enableEcsManagedTags: true,
      propagateTags: "SERVICE",
      lifecycle: { ignoreChanges: ["desired_count"] }, // autoscaling's
      dependsOn: [loadBalancer.listener, ...needed],
    });
  }
}

interface Logs {
  /** Of the key that encrypts all of them. */
  readonly keyArn: string;
  readonly service: CloudwatchLogGroup;
  /** Of commands run in a container, and what they printed. */
  readonly exec: CloudwatchLogGroup;
  readonly waf: CloudwatchLogGroup;
  readonly insights: CloudwatchLogGroup;
}
