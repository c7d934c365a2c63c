import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint/index.js";
import { Construct } from "constructs";
import {
  erasureLogGroupName,
  executionRoleName,
  logGroupName,
  resourceName,
  rewrapRoleName,
  serviceLogGroupName,
  serviceRoleName,
} from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { trailArnOf } from "../trail.ts";
import {
  calledByRole,
  OPEN_EXEC_CHANNELS,
  type Principals,
  PULL_IMAGE,
  policyJson,
  READ_TRAIL,
  type Statement,
  USE_LEDGER,
} from "./policy.ts";
import { allowTcpFrom } from "./security-group-rule.ts";

const HTTPS = 443;

/** Endpoint policies restrict callers with a condition, because the roles may not exist yet. */
const ANY_PRINCIPAL: Principals = { type: "AWS", identifiers: ["*"] };

export interface GatewayEndpointProps {
  readonly vpcId: string;
  readonly routeTableIds: readonly string[];
}

/**
 * Adds a gateway endpoint for S3, which is free of charge. It only allows reading image layers of ECR.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
 */
export function imageLayersEndpoint(
  scope: Construct,
  id: string,
  { vpcId, routeTableIds }: GatewayEndpointProps,
): VpcEndpoint {
  const { partition, settings } = CipherwatchStack.of(scope);
  const bucket = `arn:${partition}:s3:::prod-${settings.region}-starport-layer-bucket`;
  return new VpcEndpoint(scope, id, {
    vpcId,
    serviceName: `com.amazonaws.${settings.region}.s3`,
    vpcEndpointType: "Gateway",
    routeTableIds: [...routeTableIds],
    policy: policyJson(scope, `${id}Policy`, [
      {
        sid: "ReadImageLayers", // with URLs that ECR signs, so the caller is not a role of this account
        principals: ANY_PRINCIPAL,
        actions: ["s3:GetObject"],
        resources: [`${bucket}/*`],
      },
    ]),
    tags: { Name: resourceName(settings.env, "s3") },
  });
}

export interface InterfaceEndpointsProps {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** Security group whose members may use the endpoints. */
  readonly callersSecurityGroupId: string;
}

/** Interface endpoints for the AWS APIs that the service and the start of its tasks call. */
export class InterfaceEndpoints extends Construct {
  readonly securityGroupId: string;
  readonly #ids = new Map<string, string>();

  constructor(scope: Construct, id: string, props: InterfaceEndpointsProps) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env, region } = stack.settings;
    const group = new SecurityGroup(this, "SecurityGroup", {
      name: resourceName(env, "endpoints"),
      description: "Interface endpoints of AWS services",
      vpcId: props.vpcId,
      tags: { Name: resourceName(env, "endpoints") },
    });
    this.securityGroupId = group.id;
    allowTcpFrom(this, "AdmitCallers", {
      securityGroupId: group.id,
      peer: { referencedSecurityGroupId: props.callersSecurityGroupId },
      port: HTTPS,
      description: "The service calls AWS",
    });
    for (const { construct, service, grants } of endpoints(stack)) {
      const { id } = new VpcEndpoint(this, construct, {
        vpcId: props.vpcId,
        serviceName: `com.amazonaws.${region}.${service}`,
        vpcEndpointType: "Interface",
        subnetIds: [...props.subnetIds],
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
        policy: policyJson(this, `${construct}Policy`, grants),
        tags: { Name: resourceName(env, service.replace(".", "-")) },
      });
      this.#ids.set(service, id);
    }
  }

  /** @throws Error if there is no endpoint of the service */
  idOf(service: string): string {
    const id = this.#ids.get(service);
    if (id === undefined) throw new Error(`There is no VPC endpoint of ${service}.`);
    return id;
  }
}

interface Endpoint {
  readonly construct: string;
  /** Last part of the endpoint service's name. */
  readonly service: string;
  readonly grants: readonly Statement[];
}

/** Each endpoint only allows the calls that the service's roles make. */
function endpoints(stack: CipherwatchStack): Endpoint[] {
  const { env, executeCommand, decryptWithoutTrail, erasureLedger } = stack.settings;
  const service = calledBy(stack, serviceRoleName(env));
  const taskStart = calledBy(stack, executionRoleName(env));
  const pullImages: readonly Statement[] = [
    {
      sid: "SignInToRegistry",
      ...taskStart,
      actions: ["ecr:GetAuthorizationToken"],
      resources: ["*"], // the action has no resource types
    },
    {
      sid: "PullImages",
      ...taskStart,
      actions: PULL_IMAGE,
      resources: [stack.regionalArn("ecr", `repository/${resourceName(env, "*")}`)],
    },
  ];
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
  const openChannels: readonly Statement[] = [
    { sid: "OpenChannels", ...service, actions: OPEN_EXEC_CHANNELS, resources: ["*"] },
  ];
  // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-and-interface-VPC.html
  const readTrail: readonly Statement[] = [
    { sid: "ReadTrail", ...service, actions: READ_TRAIL, resources: [trailArnOf(stack)] },
  ];
  return [
    {
      construct: "Kms",
      service: "kms",
      grants: useKeys(stack, service),
    },
    {
      construct: "SecretsManager",
      service: "secretsmanager",
      grants: [
        {
          sid: "ReadDatabaseSecret",
          ...taskStart,
          actions: ["secretsmanager:GetSecretValue"],
          resources: [stack.regionalArn("secretsmanager", "secret:rds!db-*")], // RDS generates the name
        },
      ],
    },
    { construct: "EcrApi", service: "ecr.api", grants: pullImages },
    { construct: "EcrDkr", service: "ecr.dkr", grants: pullImages },
    {
      construct: "Logs",
      service: "logs",
      grants: [
        {
          sid: "WriteLogs",
          ...taskStart,
          actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
          resources: [stack.regionalArn("logs", `log-group:${serviceLogGroupName(env)}:*`)],
        },
        ...(erasureLedger ? useLedger(stack, service) : []),
        ...(executeCommand ? logCommands(stack, service) : []),
      ],
    },
    ...(decryptWithoutTrail === "allow"
      ? []
      : [{ construct: "CloudTrail", service: "cloudtrail", grants: readTrail }]),
    ...(executeCommand
      ? [{ construct: "SsmMessages", service: "ssmmessages", grants: openChannels }]
      : []),
  ];
}

type Caller = Required<Pick<Statement, "principals" | "conditions">>;

function calledBy(stack: CipherwatchStack, roleName: string): Caller {
  return { principals: ANY_PRINCIPAL, conditions: [calledByRole(stack, roleName)] };
}

function useKeys(stack: CipherwatchStack, service: Caller): Statement[] {
  const { env, keyGenerations } = stack.settings;
  const resources = [stack.regionalArn("kms", "key/*")];
  const actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];
  const use = { sid: "UseKeys", ...service, actions, resources };
  if (keyGenerations.length === 1) return [use];
  const worker = calledBy(stack, rewrapRoleName(env));
  const move = ["kms:ReEncryptFrom", "kms:ReEncryptTo"];
  return [use, { sid: "MoveRecords", ...worker, actions: move, resources }];
}

function useLedger(stack: CipherwatchStack, service: Caller): Statement[] {
  const ledger = stack.regionalArn(
    "logs",
    `log-group:${erasureLogGroupName(stack.settings.env)}:*`,
  );
  return [{ sid: "UseLedger", ...service, actions: USE_LEDGER, resources: [ledger] }];
}

function logCommands(stack: CipherwatchStack, service: Caller): Statement[] {
  const exec = `log-group:${logGroupName(stack.settings.env, "exec")}`;
  return [
    { sid: "FindLogGroups", ...service, actions: ["logs:DescribeLogGroups"], resources: ["*"] },
    {
      sid: "LogCommands",
      ...service,
      actions: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      resources: [stack.regionalArn("logs", exec), stack.regionalArn("logs", `${exec}:*`)],
    },
  ];
}
