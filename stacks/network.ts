import { DataAwsAvailabilityZones } from "@cdktf/provider-aws/lib/data-aws-availability-zones/index.js";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group/index.js";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway/index.js";
import { Route } from "@cdktf/provider-aws/lib/route/index.js";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table/index.js";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group/index.js";
import { Vpc } from "@cdktf/provider-aws/lib/vpc/index.js";
import { propertyAccess, Token } from "cdktf";
import type { Construct } from "constructs";
import { flowLogGroupName, resourceName } from "../common/naming.ts";
import { subnetRanges } from "../common/subnets.ts";
import { ENDPOINT_SERVICES } from "../detections/scope.ts";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { ExistingVpc } from "./constructs/existing-vpc.ts";
import { FlowLog } from "./constructs/flow-log.ts";
import { InterfaceEndpoints, imageLayersEndpoint } from "./constructs/vpc-endpoints.ts";
import { ANYWHERE, Zone } from "./constructs/zone.ts";

/** One letter for each zone, in the order of AWS's list of zones. */
const ZONE_LETTERS = ["a", "b", "c"] as const;

/** The flow log of the VPC. */
export interface VpcFlowLog {
  /** Plain text, not a reference to the log group. */
  readonly logGroupName: string;
  readonly keyArn: string | undefined;
  readonly vpcCidr: string;
}

/**
 * The VPC: a public and a private subnet in each zone, internet and NAT gateways, endpoints and a flow log. In
 * an existing VPC, only the security group of the tasks.
 *
 * Security groups alone decide which connections are allowed. Network ACLs are stateless: in a subnet with a
 * NAT gateway they would have to admit ports 1024 to 65535 from anywhere, including 3389 for remote desktop,
 * and add nothing to security groups that reference each other. The default network ACL stays unchanged.
 */
export class NetworkStack extends CipherwatchStack {
  readonly vpcId: string;
  /** Absent in an existing VPC: its owner decides about flow logs. */
  readonly flowLog?: VpcFlowLog;
  /** For the load balancer, one in each zone. */
  readonly publicSubnetIds: readonly string[];
  /** For tasks and the database, one in each zone. */
  readonly privateSubnetIds: readonly string[];
  /** Public addresses of the NAT gateways. */
  readonly natAddresses: readonly string[];
  /** Group of the service's tasks, for rules of the endpoints and the database. Its own rules are in ServiceStack. */
  readonly serviceSecurityGroupId: string;
  /** Endpoints of ENDPOINT_SERVICES, in that order. Empty unless the settings enable endpoints. */
  readonly vpcEndpointIds: readonly string[] = [];
  /** Group of the interface endpoints, if the settings enable them. */
  readonly endpointSecurityGroupId?: string;
  #natAddresses: readonly string[] = [];

  constructor(scope: Construct, id: string, props: CipherwatchStackProps) {
    super(scope, id, props);
    const { env, vpcId, publicSubnetIds, privateSubnetIds, vpcEndpoints } = this.settings;
    const existing =
      vpcId === undefined
        ? undefined
        : new ExistingVpc(this, "ExistingVpc", { vpcId, publicSubnetIds, privateSubnetIds });
    this.vpcId = existing?.vpcId ?? this.#vpc();
    const zones = existing === undefined ? this.#zones() : [];
    this.publicSubnetIds =
      existing?.publicSubnetIds ?? zones.map(({ publicSubnetId }) => publicSubnetId);
    this.privateSubnetIds =
      existing?.privateSubnetIds ?? zones.map(({ privateSubnetId }) => privateSubnetId);
    this.natAddresses = existing === undefined ? this.#natAddresses : this.settings.natAddresses;

    const service = new SecurityGroup(this, "ServiceSecurityGroup", {
      name: resourceName(env, "service"),
      description: "Tasks of the encryption service",
      vpcId: this.vpcId,
      tags: { Name: resourceName(env, "service") },
    });
    this.serviceSecurityGroupId = service.id;

    if (existing !== undefined) return;
    this.flowLog = this.#flowLog();
    imageLayersEndpoint(this, "ImageLayers", {
      vpcId: this.vpcId,
      routeTableIds: zones.map(({ privateRouteTableId }) => privateRouteTableId),
    });
    if (vpcEndpoints) {
      const endpoints = new InterfaceEndpoints(this, "Endpoints", {
        vpcId: this.vpcId,
        subnetIds: this.privateSubnetIds,
        callersSecurityGroupId: service.id,
      });
      this.endpointSecurityGroupId = endpoints.securityGroupId;
      this.vpcEndpointIds = ENDPOINT_SERVICES.map((service) => endpoints.idOf(service));
    }
  }

  /** @returns the VPC's id */
  #vpc(): string {
    const { env, vpcCidr } = this.settings;
    const vpc = new Vpc(this, "Vpc", {
      cidrBlock: vpcCidr,
      enableDnsSupport: true,
      enableDnsHostnames: true, // required by the private DNS names of interface endpoints
      tags: { Name: resourceName(env, "vpc") },
    });
    // Terraform removes the rules of a default security group that it adopts.
    new DefaultSecurityGroup(this, "ClosedDefault", {
      vpcId: vpc.id,
      tags: { Name: resourceName(env, "closed") },
    });
    return vpc.id;
  }

  #flowLog(): VpcFlowLog {
    const { env, vpcCidr } = this.settings;
    const logGroupName = flowLogGroupName(env);
    const { keyArn } = new FlowLog(this, "FlowLog", { vpcId: this.vpcId, logGroupName });
    return { logGroupName, keyArn, vpcCidr };
  }

  #zones(): readonly Zone[] {
    const { env, availabilityZones, vpcCidr } = this.settings;
    const names = this.#zoneNames(availabilityZones);
    const internetGateway = new InternetGateway(this, "InternetGateway", {
      vpcId: this.vpcId,
      tags: { Name: resourceName(env, "internet") },
    });
    const publicRouteTableId = this.#publicRoutes(internetGateway);
    const zones = subnetRanges(vpcCidr, availabilityZones).map((ranges, index) => {
      const letter = ZONE_LETTERS[index] ?? "";
      return new Zone(this, `Zone${letter.toUpperCase()}`, {
        letter,
        availabilityZone: Token.asString(propertyAccess(names, [index])),
        vpcId: this.vpcId,
        ranges,
        publicRouteTableId,
      });
    });
    this.#natAddresses = this.#addNatGateways(zones, internetGateway);
    return zones;
  }

  /** @returns the gateways' public addresses */
  #addNatGateways(zones: readonly Zone[], internetGateway: InternetGateway): readonly string[] {
    const { natGateways } = this.settings;
    const withGateway = { none: 0, "public-tasks": 0, one: 1, "per-zone": zones.length }[
      natGateways
    ];
    const gateways = zones.slice(0, withGateway).map((zone) => zone.addNatGateway(internetGateway));
    for (const [index, zone] of zones.entries()) {
      const gateway = gateways[index] ?? gateways[0];
      if (gateway !== undefined) zone.routeThrough(gateway.natGatewayId);
    }
    return gateways.map(({ publicAddress }) => publicAddress);
  }

  /** Only the zones that every account has: local zones require opting in. */
  #zoneNames(count: number): readonly string[] {
    return new DataAwsAvailabilityZones(this, "Zones", {
      state: "available",
      filter: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
      lifecycle: {
        postcondition: [
          {
            condition: `\${length(self.names) >= ${count}}`,
            errorMessage: `${this.settings.region} offers \${length(self.names)} availability zones, and CIPHERWATCH_AVAILABILITY_ZONES asks for ${count}. Lower it, or choose another region.`,
          },
        ],
      },
    }).names;
  }

  #publicRoutes(internetGateway: InternetGateway): string {
    const table = new RouteTable(this, "PublicRoutes", {
      vpcId: this.vpcId,
      tags: { Name: resourceName(this.settings.env, "public") },
    });
    new Route(this, "PublicToInternet", {
      routeTableId: table.id,
      destinationCidrBlock: ANYWHERE,
      gatewayId: internetGateway.id,
    });
    return table.id;
  }
}
