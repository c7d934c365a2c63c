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
  /** `a`, `b` or `c`: for names. */
  readonly letter: string;
  /** As AWS names it, such as ap-southeast-2a. */
  readonly availabilityZone: string;
  readonly vpcId: string;
  readonly ranges: ZoneRanges;
  readonly publicRouteTableId: string;
}

/** What a VPC has in one availability zone: a subnet that the internet reaches and one that it does not. */
export class Zone extends Construct {
  readonly publicSubnetId: string;
  readonly privateSubnetId: string;
  /** Its own even where zones share a NAT gateway, so that it is kept when they no longer do. */
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

  /** @returns the id of a NAT gateway in the public subnet */
  addNatGateway(internetGateway: InternetGateway): string {
    const tags = this.#tags("nat");
    const dependsOn = [internetGateway]; // neither can be made in a VPC that has none
    const address = new Eip(this, "NatAddress", { domain: "vpc", tags, dependsOn });
    return new NatGateway(this, "NatGateway", {
      subnetId: this.publicSubnetId,
      allocationId: address.allocationId,
      tags,
      dependsOn,
    }).id;
  }

  /** Lets the private subnet open connections to the internet through a NAT gateway of any zone. */
  leaveBy(natGatewayId: string): void {
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
      // A zone that AWS adds or takes out of service shifts the list that the name came from, and
      // must not move a subnet, with all that is in it, to another zone.
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
