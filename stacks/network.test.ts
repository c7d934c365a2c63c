import { describe, expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { constructAddress } from "../terraform/cdktf/names.ts";
import { synthStack } from "../terraform/cdktf/synthesize.ts";
import type { TerraformJson } from "../terraform/json.ts";
import { NetworkStack } from "./network.ts";
import {
  ACCOUNT,
  conditionsOf,
  PARTITION,
  resourceOf,
  resourcesOf,
  statementOf,
  statementsOf,
} from "./testing/synthesized.ts";

type Variables = Readonly<Record<string, string>>;

const stackOf = (variables: Variables = {}) =>
  synthStack((app) => new NetworkStack(app, "network", { settings: settingsOf(variables) }));

/** All resources of a type, sorted by name. */
function all(stack: TerraformJson, type: string) {
  return Object.entries(resourcesOf(stack, type))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([, resource]) => resource);
}

const stack = stackOf();
const withEndpoints = stackOf({ VPC_ENDPOINTS: "true" });
const closed = stackOf({ VPC_ENDPOINTS: "true", NAT_GATEWAYS: "none" });

describe("subnets", () => {
  test("are the lab's in dev: a public and a private subnet in each of two zones", () => {
    const subnets = all(stack, "aws_subnet");
    expect(subnets.map(({ cidr_block }) => cidr_block)).toEqual([
      "172.31.2.0/24",
      "172.31.1.0/24",
      "172.31.4.0/24",
      "172.31.3.0/24",
    ]);
    expect(new Set(subnets.map(({ availability_zone }) => availability_zone))).toEqual(
      new Set([
        "${data.aws_availability_zones.Zones.names.0}",
        "${data.aws_availability_zones.Zones.names.1}",
      ]),
    );
  });

  test("assign no public addresses", () => {
    for (const subnet of all(stack, "aws_subnet")) {
      expect(subnet.map_public_ip_on_launch).toBe(false);
    }
  });

  test("stay in their zones if AWS's list of zones changes", () => {
    for (const subnet of all(stack, "aws_subnet")) {
      expect(subnet.lifecycle).toEqual({ ignore_changes: ["availability_zone"] });
    }
  });

  test("fail the plan with the setting's name if the region has too few zones", () => {
    const three = stackOf({ AVAILABILITY_ZONES: "3" });
    expect(all(three, "aws_subnet")).toHaveLength(6);
    const zones = three.data?.aws_availability_zones?.Zones;
    expect(zones).toMatchObject({
      state: "available",
      filter: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
    });
    expect(zones?.lifecycle).toEqual({
      postcondition: [
        {
          condition: "${length(self.names) >= 3}",
          error_message: expect.stringMatching(/CIPHERWATCH_AVAILABILITY_ZONES asks for 3/),
        },
      ],
    });
  });
});

describe("routes to the internet", () => {
  const routesOf = (from: TerraformJson) =>
    Object.fromEntries(
      Object.entries(resourcesOf(from, "aws_route")).map(([name, route]) => {
        const reference = String(route.nat_gateway_id ?? route.gateway_id);
        const [, gateway = ""] = /^\$\{(.+)\.id\}$/.exec(reference) ?? [];
        return [constructAddress(name), constructAddress(gateway)];
      }),
    );

  test("share one NAT gateway in dev", () => {
    expect(Object.keys(resourcesOf(stack, "aws_nat_gateway")).map(constructAddress)).toEqual([
      "ZoneA_NatGateway",
    ]);
    expect(routesOf(stack)).toEqual({
      PublicToInternet: "aws_internet_gateway.InternetGateway",
      ZoneA_PrivateToInternet: "aws_nat_gateway.ZoneA_NatGateway",
      ZoneB_PrivateToInternet: "aws_nat_gateway.ZoneA_NatGateway",
    });
  });

  test("use no NAT gateway in prod, which has VPC endpoints, or with tasks in the public subnets", () => {
    for (const variables of [{ ENV: "prod" }, { NAT_GATEWAYS: "public-tasks" }]) {
      const { resource } = stackOf(variables);
      expect(resource).not.toHaveProperty("aws_nat_gateway");
      expect(resource).not.toHaveProperty("aws_eip");
    }
  });

  test("use a NAT gateway for each zone if the settings say so", () => {
    const routes = routesOf(stackOf({ NAT_GATEWAYS: "per-zone" }));
    expect(routes.ZoneA_PrivateToInternet).toBe("aws_nat_gateway.ZoneA_NatGateway");
    expect(routes.ZoneB_PrivateToInternet).toBe("aws_nat_gateway.ZoneB_NatGateway");
  });

  test("are missing for private subnets if the settings disable NAT gateways", () => {
    expect(Object.keys(routesOf(closed))).toEqual(["PublicToInternet"]);
    expect(closed.resource).not.toHaveProperty("aws_nat_gateway");
    expect(closed.resource).not.toHaveProperty("aws_eip");
  });

  test("use a separate route table for each private subnet", () => {
    const tables = all(stack, "aws_route_table_association").map(({ route_table_id }) =>
      String(route_table_id),
    );
    expect(tables.filter((table) => table.includes("PublicRoutes"))).toHaveLength(2);
    expect(tables.filter((table) => /Zone[AB]_PrivateRoutes/.test(table))).toHaveLength(2);
  });

  test("depend on the internet gateway", () => {
    expect(resourceOf(stack, "aws_nat_gateway").depends_on).toEqual([
      "aws_internet_gateway.InternetGateway",
    ]);
    expect(resourceOf(stack, "aws_eip").depends_on).toEqual([
      "aws_internet_gateway.InternetGateway",
    ]);
  });
});

describe("security groups", () => {
  test("remove the rules of the VPC's default group", () => {
    const defaultGroup = resourceOf(stack, "aws_default_security_group");
    expect(defaultGroup.vpc_id).toBe("${aws_vpc.Vpc.id}");
    expect(defaultGroup).not.toHaveProperty("ingress");
    expect(defaultGroup).not.toHaveProperty("egress");
  });

  test("add no rules to the service's group", () => {
    const service = resourceOf(withEndpoints, "aws_security_group", "ServiceSecurityGroup");
    expect(service).not.toHaveProperty("ingress");
    expect(service).not.toHaveProperty("egress");
    const rules = all(withEndpoints, "aws_vpc_security_group_ingress_rule");
    for (const rule of rules) expect(rule.security_group_id).not.toMatch(/ServiceSecurityGroup/);
    expect(withEndpoints.resource).not.toHaveProperty("aws_vpc_security_group_egress_rule");
  });

  test("only admit the service to the endpoints, on port 443", () => {
    expect(resourceOf(withEndpoints, "aws_vpc_security_group_ingress_rule")).toMatchObject({
      security_group_id: expect.stringMatching(/Endpoints_SecurityGroup/),
      referenced_security_group_id: "${aws_security_group.ServiceSecurityGroup.id}",
      ip_protocol: "tcp",
      from_port: 443,
      to_port: 443,
    });
  });
});

describe("VPC endpoints", () => {
  const INTERFACES = ["kms", "secretsmanager", "ecr.api", "ecr.dkr", "logs"];
  const servicesOf = (from: TerraformJson, kind: string) =>
    all(from, "aws_vpc_endpoint")
      .filter(({ vpc_endpoint_type }) => vpc_endpoint_type === kind)
      .map(({ service_name }) => service_name)
      .sort();

  test("include a gateway endpoint for S3 that only allows reading image layers", () => {
    expect(servicesOf(stack, "Gateway")).toEqual(["com.amazonaws.ap-southeast-2.s3"]);
    const s3 = resourceOf(stack, "aws_vpc_endpoint", "ImageLayers");
    expect(s3.route_table_ids).toEqual([
      expect.stringMatching(/ZoneA_PrivateRoutes/),
      expect.stringMatching(/ZoneB_PrivateRoutes/),
    ]);
    expect(statementsOf(stack, s3.policy)).toMatchObject([
      {
        actions: ["s3:GetObject"],
        resources: [`arn:${PARTITION}:s3:::prod-ap-southeast-2-starport-layer-bucket/*`],
      },
    ]);
  });

  test("include no interface endpoints in dev, and all that the service needs in prod", () => {
    expect(servicesOf(stack, "Interface")).toEqual([]);
    expect(servicesOf(stackOf({ ENV: "prod" }), "Interface")).toEqual(
      INTERFACES.map((service) => `com.amazonaws.ap-southeast-2.${service}`).sort(),
    );
  });

  test("are in the private subnets and use private DNS names", () => {
    for (const endpoint of all(withEndpoints, "aws_vpc_endpoint")) {
      if (endpoint.vpc_endpoint_type !== "Interface") continue;
      expect(endpoint).toMatchObject({
        private_dns_enabled: true,
        subnet_ids: [
          expect.stringMatching(/ZoneA_PrivateSubnet/),
          expect.stringMatching(/ZoneB_PrivateSubnet/),
        ],
        security_group_ids: [expect.stringMatching(/Endpoints_SecurityGroup/)],
      });
    }
    expect(resourceOf(withEndpoints, "aws_vpc")).toMatchObject({
      enable_dns_support: true,
      enable_dns_hostnames: true,
    });
  });

  test("only allow calls of the service's roles", () => {
    const roles = ["service", "execution"].map(
      (name) =>
        `ArnEquals aws:PrincipalArn arn:${PARTITION}:iam::${ACCOUNT}:role/cipherwatch-dev-${name}`,
    );
    const interfaces = all(withEndpoints, "aws_vpc_endpoint").filter(
      ({ vpc_endpoint_type }) => vpc_endpoint_type === "Interface",
    );
    expect(interfaces).toHaveLength(INTERFACES.length);
    for (const { policy } of interfaces) {
      for (const statement of statementsOf(withEndpoints, policy)) {
        expect(statement.actions.join()).not.toMatch(/\*/);
        expect(conditionsOf(statement)).toHaveLength(1);
        expect(roles).toContain(conditionsOf(statement)[0]);
      }
    }
  });

  test("only allow reading the database's secret from Secrets Manager", () => {
    const { policy } = resourceOf(withEndpoints, "aws_vpc_endpoint", "Endpoints_SecretsManager");
    expect(statementsOf(withEndpoints, policy)).toMatchObject([
      {
        actions: ["secretsmanager:GetSecretValue"],
        resources: [`arn:${PARTITION}:secretsmanager:ap-southeast-2:${ACCOUNT}:secret:rds!db-*`],
      },
    ]);
  });

  test("allow ECS Exec sessions and their logs if the settings enable them", () => {
    const withCommands = stackOf({ VPC_ENDPOINTS: "true", EXECUTE_COMMAND: "true" });
    expect(servicesOf(withCommands, "Interface")).toContain(
      "com.amazonaws.ap-southeast-2.ssmmessages",
    );
    const logs = resourceOf(withCommands, "aws_vpc_endpoint", "Endpoints_Logs");
    expect(statementOf(withCommands, logs.policy, "LogCommands").resources).toContain(
      `arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:log-group:/cipherwatch/dev/exec:*`,
    );
  });
});

describe("the flow log", () => {
  const flowLog = resourceOf(stack, "aws_flow_log");

  test("records all traffic of the VPC every minute", () => {
    expect(flowLog).toMatchObject({
      vpc_id: "${aws_vpc.Vpc.id}",
      traffic_type: "ALL",
      log_destination_type: "cloud-watch-logs",
      max_aggregation_interval: 60,
    });
  });

  test("escapes the fields of its format for Terraform", () => {
    expect(flowLog.log_format).toMatch(/^\$\$\{version\} \$\$\{account-id\} /);
    expect(flowLog.log_format).not.toMatch(/(^|[^$])\$\{/);
  });

  test("goes to an encrypted log group with the retention of the settings", () => {
    const kept = stackOf({ LOG_RETENTION_DAYS: "60" });
    expect(resourceOf(kept, "aws_cloudwatch_log_group")).toMatchObject({
      name: "/cipherwatch/dev/flow",
      retention_in_days: 60,
      kms_key_id: expect.stringMatching(/^\$\{aws_kms_key\.FlowLog_Key_.+\.arn\}$/),
    });
    const { policy } = resourceOf(kept, "aws_kms_key");
    expect(conditionsOf(statementOf(kept, policy, "LogGroupsUseKey"))).toEqual([
      `ArnEquals kms:EncryptionContext:aws:logs:arn arn:${PARTITION}:logs:ap-southeast-2:${ACCOUNT}:log-group:/cipherwatch/dev/flow`,
    ]);
  });

  test("is written with a role that only flow logs of this account can assume", () => {
    const { assume_role_policy } = resourceOf(stack, "aws_iam_role");
    const trust = statementOf(stack, assume_role_policy, "FlowLogsAssume");
    expect(trust.principals).toEqual([
      { type: "Service", identifiers: ["vpc-flow-logs.amazonaws.com"] },
    ]);
    expect(conditionsOf(trust)).toEqual([
      `ArnLike aws:SourceArn arn:${PARTITION}:ec2:ap-southeast-2:${ACCOUNT}:vpc-flow-log/*`,
      `StringEquals aws:SourceAccount ${ACCOUNT}`,
    ]);
    const { policy } = resourceOf(stack, "aws_iam_role_policy");
    expect(statementsOf(stack, policy).map(({ resources }) => resources)).toEqual([
      [expect.stringMatching(/^\$\{aws_cloudwatch_log_group\.FlowLog_LogGroup_.+\.arn\}:\*$/)],
    ]);
    expect(flowLog.depends_on).toEqual([
      expect.stringMatching(/^aws_iam_role_policy\.FlowLog_Permissions_/),
    ]);
  });
});

test("moves every subnet with the range of the VPC", () => {
  const moved = stackOf({ VPC_CIDR: "10.20.0.0/20" });
  expect(resourceOf(moved, "aws_vpc").cidr_block).toBe("10.20.0.0/20");
  for (const { cidr_block } of all(moved, "aws_subnet")) expect(cidr_block).toMatch(/^10\.20\./);
});
