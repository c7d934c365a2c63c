import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint/index.js";
import { Construct } from "constructs";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { executionRoleName, logGroupName, resourceName, serviceRoleName } from "../naming.ts";
import { type Condition, type Principals, policyJson, type Statement } from "./policy.ts";
import { admitTcp } from "./security-group-rule.ts";

export const HTTPS = 443;

/** The policy of an endpoint names its callers by a condition: the roles need not exist yet. */
const ANYBODY: Principals = { type: "AWS", identifiers: ["*"] };

export interface GatewayEndpointProps {
  readonly vpcId: string;
  readonly routeTableIds: readonly string[];
}

/**
 * The free way to S3, for nothing but the layers of images in ECR.
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
        sid: "ReadImageLayers", // by links that ECR signs: no role of this account is the caller
        principals: ANYBODY,
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
  /** Whose members may use the endpoints. */
  readonly callersSecurityGroupId: string;
}

/** The AWS APIs that the service and its tasks' start need, at addresses within the VPC. */
export class InterfaceEndpoints extends Construct {
  readonly securityGroupId: string;

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
    admitTcp(this, "AdmitCallers", {
      securityGroupId: group.id,
      peer: { referencedSecurityGroupId: props.callersSecurityGroupId },
      port: HTTPS,
      description: "The service calls AWS",
    });
    for (const { construct, service, grants } of endpoints(stack)) {
      new VpcEndpoint(this, construct, {
        vpcId: props.vpcId,
        serviceName: `com.amazonaws.${region}.${service}`,
        vpcEndpointType: "Interface",
        subnetIds: [...props.subnetIds],
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
        policy: policyJson(this, `${construct}Policy`, grants),
        tags: { Name: resourceName(env, service.replace(".", "-")) },
      });
    }
  }
}

interface Endpoint {
  readonly construct: string;
  /** As in the endpoint service's name. */
  readonly service: string;
  readonly grants: readonly Statement[];
}

function endpoints(stack: CipherwatchStack): Endpoint[] {
  const { env, executeCommand } = stack.settings;
  const by = (...roleNames: readonly [string, ...string[]]) => {
    const [first, ...others] = roleNames.map((name) => stack.globalArn("iam", `role/${name}`)) as [
      string,
      ...string[],
    ];
    const condition: Condition = ["ArnEquals", "aws:PrincipalArn", first, ...others];
    return { principals: ANYBODY, conditions: [condition] };
  };
  const service = by(serviceRoleName(env));
  const taskStart = by(executionRoleName(env));
  const pullImages: readonly Statement[] = [
    {
      sid: "PullImages",
      ...taskStart,
      actions: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
      ],
      resources: [stack.regionalArn("ecr", `repository/${resourceName(env, "*")}`)],
    },
    {
      sid: "SignInToRegistry",
      ...taskStart,
      actions: ["ecr:GetAuthorizationToken"],
      resources: ["*"], // ECR knows no narrower resource for it
    },
  ];
  return [
    {
      construct: "Kms",
      service: "kms",
      grants: [
        {
          sid: "UseKeys",
          ...service,
          actions: ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
          resources: [stack.regionalArn("kms", "key/*")],
        },
      ],
    },
    {
      construct: "SecretsManager",
      service: "secretsmanager",
      grants: [
        {
          sid: "ReadDatabaseSecret",
          ...taskStart,
          actions: ["secretsmanager:GetSecretValue"],
          resources: [stack.regionalArn("secretsmanager", "secret:rds!db-*")], // RDS names it so
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
          ...by(executionRoleName(env), serviceRoleName(env)),
          actions: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
          resources: [stack.regionalArn("logs", `log-group:${logGroupName(env, "*")}`)],
        },
      ],
    },
    ...(executeCommand ? [commandEndpoint(service)] : []),
  ];
}

/** What a command in a running container comes in by. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html */
function commandEndpoint(caller: Pick<Statement, "principals" | "conditions">): Endpoint {
  return {
    construct: "SsmMessages",
    service: "ssmmessages",
    grants: [
      {
        sid: "OpenChannels",
        ...caller,
        actions: [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ],
        resources: ["*"], // channels have no ARN
      },
    ],
  };
}
