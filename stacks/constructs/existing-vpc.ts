import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet/index.js";
import { DataAwsVpc } from "@cdktf/provider-aws/lib/data-aws-vpc/index.js";
import { Construct } from "constructs";

export interface ExistingVpcProps {
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
}

/** A VPC of the account. Fails the plan unless the load balancer, the tasks and the database can run in it. */
export class ExistingVpc extends Construct {
  readonly vpcId: string;
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];

  constructor(scope: Construct, id: string, props: ExistingVpcProps) {
    super(scope, id);
    const vpc = new DataAwsVpc(this, "Vpc", {
      id: props.vpcId,
      lifecycle: {
        postcondition: [
          {
            condition: "${self.enable_dns_support}",
            errorMessage: `${props.vpcId} resolves no DNS names, which the service needs to find the database and AWS. Enable DNS resolution (enableDnsSupport) of the VPC.`,
          },
        ],
      },
    });
    // The references make Terraform read the VPC first, whose absence is the clearer error.
    this.vpcId = vpc.id;
    this.publicSubnetIds = this.#subnets(
      "Public",
      "CIPHERWATCH_PUBLIC_SUBNET_IDS",
      props.publicSubnetIds,
    );
    this.privateSubnetIds = this.#subnets(
      "Private",
      "CIPHERWATCH_PRIVATE_SUBNET_IDS",
      props.privateSubnetIds,
    );
  }

  /** Load balancers and RDS subnet groups need subnets in two zones. */
  #subnets(
    kind: "Public" | "Private",
    variable: string,
    ids: readonly string[],
  ): readonly string[] {
    const subnets: DataAwsSubnet[] = [];
    for (const [index, id] of ids.entries()) {
      const zones = subnets.map(({ fqn }) => `${fqn}.availability_zone`);
      const isLast = index === ids.length - 1;
      subnets.push(
        new DataAwsSubnet(this, `${kind}Subnet${index + 1}`, {
          id,
          vpcId: this.vpcId, // a subnet of another VPC is not found
          lifecycle: {
            postcondition: isLast ? [twoZones(variable, zones)] : [],
          },
        }),
      );
    }
    return subnets.map((subnet) => subnet.id);
  }
}

function twoZones(variable: string, others: readonly string[]) {
  const zones = [...others, "self.availability_zone"];
  return {
    condition: `\${length(toset([${zones.join(", ")}])) > 1}`,
    errorMessage: `All subnets of ${variable} are in one Availability Zone. Name subnets in two or more.`,
  };
}
