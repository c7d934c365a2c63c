import { Eip } from "@cdktf/provider-aws/lib/eip/index.js";
import type { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway/index.js";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway/index.js";
import { Route } from "@cdktf/provider-aws/lib/route/index.js";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table/index.js";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association/index.js";
import { Subnet } from "@cdktf/provider-aws/lib/subnet/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import type { ZoneRanges } from "../../common/subnets.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";

export const ANYWHERE = "0.0.0.0/0";

export interface ZoneProps {
  /** `a`, `b` or `c`, for names. */
  readonly letter: string;
  /** Such as `ap-southeast-2a`. */
  readonly availabilityZone: string;
  readonly vpcId: string;
  readonly ranges: ZoneRanges;
  readonly publicRouteTableId: string;
}

/** A NAT gateway in a public subnet. */
export interface ZoneNatGateway {
  readonly natGatewayId: string;
  /** Source address of the requests that pass through it. */
  readonly publicAddress: string;
}

/** The public and the private subnet of one availability zone. */
export class Zone extends Construct {
  readonly publicSubnetId: string;
  readonly privateSubnetId: string;
  /** Separate for each zone, so that NAT gateways can be added and removed without replacing it. */
  readonly privateRouteTableId: string;
  readonly #letter: string;

  constructor(scope: Construct, id: string, props: ZoneProps) {
    super(scope, id);
    this.#letter = props.letter;
    const { publicCidr, privateCidr } = props.ranges;
    this.publicSubnetId = this.#subnet("Public", publicCidr, props);
    this.privateSubnetId = this.#subnet("Private", privateCidr, props);
    this.#associate("Public", this.publicSubnetId, props.publicRouteTableId);
    const table = new RouteTable(this, "PrivateRoutes", {
      vpcId: props.vpcId,
      tags: this.#tags("private"),
    });
    this.privateRouteTableId = table.id;
    this.#associate("Private", this.privateSubnetId, table.id);
  }

  addNatGateway(internetGateway: InternetGateway): ZoneNatGateway {
    const tags = this.#tags("nat");
    const dependsOn = [internetGateway]; // AWS requires one in the VPC
    const address = new Eip(this, "NatAddress", { domain: "vpc", tags, dependsOn });
    const gateway = new NatGateway(this, "NatGateway", {
      subnetId: this.publicSubnetId,
      allocationId: address.allocationId,
      tags,
      dependsOn,
    });
    return { natGatewayId: gateway.id, publicAddress: address.publicIp };
  }

  /** Routes the private subnet to the internet through a NAT gateway, which may be in another zone. */
  routeThrough(natGatewayId: string): void {
    new Route(this, "PrivateToInternet", {
      routeTableId: this.privateRouteTableId,
      destinationCidrBlock: ANYWHERE,
      natGatewayId,
    });
  }

  #subnet(kind: "Public" | "Private", cidrBlock: string, props: ZoneProps): string {
    return new Subnet(this, `${kind}Subnet`, {
      vpcId: props.vpcId,
      cidrBlock,
      availabilityZone: props.availabilityZone,
      mapPublicIpOnLaunch: false,
      tags: this.#tags(kind.toLowerCase()),
      // The name comes from AWS's list of zones. A zone that is added or removed there must not move the
      // subnet to another zone, which would replace it.
      lifecycle: { ignoreChanges: ["availability_zone"] },
    }).id;
  }

  #associate(kind: "Public" | "Private", subnetId: string, routeTableId: string): void {
    new RouteTableAssociation(this, `${kind}Association`, { subnetId, routeTableId });
  }

  #tags(part: string) {
    const { env } = CipherwatchStack.of(this).settings;
    return { Name: resourceName(env, `${part}-${this.#letter}`) };
  }
}
