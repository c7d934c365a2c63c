import type { Block, Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import { addressOf, resourcesOf, withResource } from "../../terraform/resources.ts";
import { changesAt, valuesAt } from "../../terraform/values.ts";
import { allOf, type Check, everyHas, everyIs, forbidden, withViolations } from "./check.ts";
import { type ControlArea, cheapDev, ofVpcOwner } from "./control.ts";
import {
  absent,
  altered,
  type Matcher,
  text,
  UNRESOLVABLE,
  type ValueLocation,
} from "./matchers.ts";
import { companions, type Subject } from "./subjects.ts";

const INGRESS = "aws_vpc_security_group_ingress_rule";
const EGRESS = "aws_vpc_security_group_egress_rule";
const GROUP = "aws_security_group";
const HTTPS = 443;

const EVERY_ADDRESS: readonly unknown[] = ["0.0.0.0/0", "::/0"];
const CIDR = /^[\d.]+\/\d+$|^[\da-f:]+\/\d+$/;

function includesEveryAddress({ cidr_ipv4, cidr_ipv6 }: Block): boolean {
  return EVERY_ADDRESS.includes(cidr_ipv4) || EVERY_ADDRESS.includes(cidr_ipv6);
}

/** Whether the peer is a literal CIDR, a managed prefix list or another security group. */
function hasKnownPeer(rule: Block, { stacks, stack }: ValueLocation): boolean {
  const { cidr_ipv4, cidr_ipv6, prefix_list_id, referenced_security_group_id } = rule;
  const cidr = cidr_ipv4 ?? cidr_ipv6;
  if (cidr !== undefined) return CIDR.test(String(cidr));
  const peer = prefix_list_id ?? referenced_security_group_id;
  return resolveReference(stacks, stack, peer) !== undefined;
}

/** An alteration that gives a security group rule another peer. */
const withPeer = (title: string, peer: Block) =>
  altered<Block>(title, ({ security_group_id, description, ip_protocol }) => ({
    security_group_id,
    description,
    ip_protocol,
    ...peer,
  }));

const narrowIngress: Matcher = {
  description: `a rule that admits every address to port ${HTTPS} at most`,
  accepts: (value, location) => {
    const rule = value as Block;
    const isHttps = rule.from_port === HTTPS && rule.to_port === HTTPS;
    return hasKnownPeer(rule, location) && (isHttps || !includesEveryAddress(rule));
  },
  violations: [
    ...[22, 80, 3389].map((port) =>
      withPeer(`from every address to ${port}`, {
        cidr_ipv4: "0.0.0.0/0",
        from_port: port,
        to_port: port,
      }),
    ),
    withPeer("from every address to all ports", { cidr_ipv4: "0.0.0.0/0", ip_protocol: "-1" }),
    withPeer("from every IPv6 address", { cidr_ipv6: "::/0", from_port: 22, to_port: 22 }),
    withPeer("from an unknown range", { cidr_ipv4: UNRESOLVABLE, from_port: 443, to_port: 443 }),
    withPeer("without a peer", { from_port: 22, to_port: 22 }),
  ],
};

const narrowEgress: Matcher = {
  description: "a rule that does not reach every address",
  accepts: (value, location) =>
    hasKnownPeer(value as Block, location) && !includesEveryAddress(value as Block),
  violations: [
    withPeer("to every address", { cidr_ipv4: "0.0.0.0/0", ip_protocol: "-1" }),
    withPeer("to one port of every address", {
      cidr_ipv4: "0.0.0.0/0",
      from_port: 443,
      to_port: 443,
    }),
    withPeer("to every IPv6 address", { cidr_ipv6: "::/0", ip_protocol: "-1" }),
    withPeer("to an unknown range", { cidr_ipv4: UNRESOLVABLE }),
  ],
};

/** No security group rules other than those that the controls read. */
const noOtherRules: Check = allOf(
  forbidden("aws_security_group_rule"),
  everyHas(GROUP, { ingress: absent, egress: absent }),
);

/** Attributes that put a resource into security groups. */
const MEMBERS = [
  ["aws_db_instance", "vpc_security_group_ids"],
  ["aws_ecs_service", "network_configuration.security_groups"],
  ["aws_lb", "security_groups"],
  ["aws_vpc_endpoint", "security_group_ids"],
] as const;

/** The security groups, each by its address. */
const GROUP_ADDRESSES: Subject = {
  types: [GROUP],
  items: (stacks) =>
    resourcesOf(stacks, GROUP).map((group) => ({
      address: addressOf(group),
      stack: group.stack,
      values: addressOf(group),
      replace: () => stacks,
    })),
  violations: [],
};

function refersTo(address: string, { stacks, stack }: ValueLocation) {
  return (value: unknown): boolean => {
    const target = resolveReference(stacks, stack, value);
    return target !== undefined && addressOf(target) === address;
  };
}

/** Copies the stacks with every reference to a group as a member unresolvable. */
function withoutMembers(stacks: Stacks, group: string): Stacks {
  const holders = MEMBERS.flatMap(([type, path]) =>
    resourcesOf(stacks, type).map((resource) => ({ resource, path })),
  );
  return holders.reduce((changed, { resource, path }) => {
    const isGroup = refersTo(group, { stacks, stack: resource.stack });
    const [values] = changesAt(resource.values, path, (list) =>
      Array.isArray(list) ? list.map((item) => (isGroup(item) ? UNRESOLVABLE : item)) : list,
    );
    return withResource(changed, { ...resource, values: values as Block });
  }, stacks);
}

const everyGroupHasMembers: Check = withViolations(
  everyIs(GROUP_ADDRESSES, {
    description: "the security group of some resource",
    accepts: (value, { stacks }) =>
      MEMBERS.some(([type, path]) =>
        resourcesOf(stacks, type).some(({ stack, values }) =>
          valuesAt(values, path)
            .flat()
            .some(refersTo(String(value), { stacks, stack })),
        ),
      ),
    violations: [],
  }),
  {
    title: "a group whose members are unknown",
    apply: (stacks) =>
      resourcesOf(stacks, GROUP)
        .map((group) => addressOf(group))
        .map((address) => ({ address, stacks: withoutMembers(stacks, address) })),
  },
);

export const network: readonly ControlArea[] = [
  {
    name: "VPC",
    controls: [
      {
        id: "vpc-default-security-group",
        title: "The default security group has no rules",
        scanners: "CKV2_AWS_12 AWS-0173 EC2.2",
        exemptions: [ofVpcOwner("aws_vpc")],
        check: everyHas(
          companions("aws_vpc", { type: "aws_default_security_group", link: "vpc_id" }),
          { ingress: absent, egress: absent },
        ),
      },
      {
        id: "vpc-flow-log",
        title: "A flow log records all traffic",
        scanners: "CKV2_AWS_11 AWS-0178 EC2.6",
        exemptions: [ofVpcOwner("aws_vpc")],
        check: everyHas(companions("aws_vpc", { type: "aws_flow_log", link: "vpc_id" }), {
          traffic_type: "ALL",
        }),
      },
      {
        id: "vpc-ec2-endpoint",
        title: "The EC2 API has an interface endpoint",
        scanners: "EC2.10",
        declined: [
          {
            type: "aws_vpc_endpoint",
            attributes: {
              service_name: {
                description: "the EC2 API",
                accepts: (value) => /^[\w.-]+\.ec2$/.test(String(value)),
                violations: [],
              },
            },
            reason:
              "Nothing in the VPC calls the EC2 API: there are no instances, and neither role of the service may call it. An endpoint is charged per availability zone and would be unused.",
          },
        ],
      },
    ],
  },
  {
    name: "Subnets",
    controls: [
      {
        id: "subnet-public-address",
        title: "Subnets assign no public addresses by default",
        scanners: "CKV_AWS_130 AWS-0164 EC2.15",
        exemptions: [ofVpcOwner("aws_subnet")],
        check: everyHas("aws_subnet", { map_public_ip_on_launch: false }),
      },
    ],
  },
  {
    name: "Security groups",
    controls: [
      {
        id: "security-group-description",
        title: "Security groups and their rules have descriptions",
        scanners: "CKV_AWS_23 AWS-0099 AWS-0124",
        check: allOf(
          ...[GROUP, INGRESS, EGRESS].map((type) => everyHas(type, { description: text })),
        ),
      },
      {
        id: "security-group-ingress",
        title: "Every address may reach HTTPS at most, never ports 22, 80, 3389 or all ports",
        scanners:
          "CKV_AWS_24 CKV_AWS_25 CKV_AWS_260 CKV_AWS_277 AWS-0107 EC2.13 EC2.14 EC2.18 EC2.19",
        check: allOf(everyIs(INGRESS, narrowIngress), noOtherRules),
        exemptions: [
          {
            under: ["open to every address"],
            of: [`service/${INGRESS}.LoadBalancer_Admit-0-0-0-0-0-80`],
            reason:
              "Opening the service to every address with `CIPHERWATCH_ALLOWED_CIDRS` also opens port 80. It requires a domain, and port 80 only redirects to HTTPS.",
          },
        ],
      },
      {
        id: "security-group-egress",
        title: "No security group allows traffic to every address",
        scanners: "CKV_AWS_382 AWS-0104",
        check: allOf(everyIs(EGRESS, narrowEgress), noOtherRules),
        exemptions: [
          {
            under: ["in an existing VPC, with existing topics"],
            of: [`service/${EGRESS}.ReachAws`],
            reason:
              "The stacks do not know whether an existing VPC has endpoints, so tasks may reach port 443 of every address, through whatever route the VPC gives them.",
          },
          cheapDev(
            "Tasks with public addresses reach the AWS APIs at theirs, on port 443 only.",
            `service/${EGRESS}.ReachAws`,
          ),
          {
            under: ["dev", "a replica without VPC endpoints"],
            of: [`service/${EGRESS}.ReachAws`],
            reason:
              "Without interface endpoints, which dev omits to save costs, the AWS APIs have public addresses in no short list of ranges. Only port 443 is open, from the private subnets, through the NAT gateway. `CIPHERWATCH_VPC_ENDPOINTS=true` closes it.",
          },
        ],
      },
      {
        id: "security-group-used",
        title: "Every security group has members",
        scanners: "CKV2_AWS_5",
        check: everyGroupHasMembers,
      },
    ],
  },
  {
    name: "Network ACLs",
    controls: [
      {
        id: "network-acl",
        title: "A network ACL blocks remote administration from every address",
        scanners: "CKV2_AWS_1 AWS-0102 AWS-0105 EC2.16 EC2.21",
        declined: [
          {
            type: "aws_network_acl",
            attributes: {},
            reason:
              "Security groups alone control access. Network ACLs are stateless: behind a NAT gateway they must admit ports 1024 to 65535, which include 3389, from every address for responses. The VPC's default ACL is unchanged; Security Hub has no finding for a default one.",
          },
        ],
      },
    ],
  },
];
