import type { Stacks } from "../../terraform/json.ts";
import { resolveReference } from "../../terraform/references.ts";
import { addressOf, resourcesOf, withResource } from "../../terraform/resources.ts";
import type { Area } from "./control.ts";
import { allOf, every, is, meets, type Rule, without } from "./rule.ts";
import { companions } from "./subject.ts";
import { changesAt, type Values, valuesAt } from "./values.ts";
import {
  absent,
  altered,
  equal,
  isFalse,
  type Origin,
  text,
  UNRESOLVABLE,
  type Wanted,
} from "./wanted.ts";

const INGRESS = "aws_vpc_security_group_ingress_rule";
const EGRESS = "aws_vpc_security_group_egress_rule";
const HTTPS = 443;

const EVERYBODY: readonly unknown[] = ["0.0.0.0/0", "::/0"];
const RANGE = /^[\d.]+\/\d+$|^[\da-f:]+\/\d+$/;

function admitsEverybody({ cidr_ipv4, cidr_ipv6 }: Values): boolean {
  return EVERYBODY.includes(cidr_ipv4) || EVERYBODY.includes(cidr_ipv6);
}

/** One peer that can be told: a literal range, one of AWS's lists, or another group. */
function hasKnownPeer(rule: Values, { stacks, stack }: Origin): boolean {
  const { cidr_ipv4, cidr_ipv6, prefix_list_id, referenced_security_group_id } = rule;
  const [range] = [cidr_ipv4, cidr_ipv6].filter((it) => it !== undefined);
  if (range !== undefined) return RANGE.test(String(range));
  return (
    resolveReference(stacks, stack, prefix_list_id ?? referenced_security_group_id) !== undefined
  );
}

/** The rule with another peer. */
function towards(title: string, peer: Values) {
  return altered<Values>(title, ({ security_group_id, description, ip_protocol }) => ({
    security_group_id,
    description,
    ip_protocol,
    ...peer,
  }));
}

const narrowIngress: Wanted = {
  says: `a rule that admits everybody to port ${HTTPS} at most`,
  accepts: (value, origin) => {
    const rule = value as Values;
    const toHttps = rule.from_port === HTTPS && rule.to_port === HTTPS;
    return hasKnownPeer(rule, origin) && (toHttps || !admitsEverybody(rule));
  },
  wrong: [
    ...[22, 80, 3389].map((port) =>
      towards(`everybody to ${port}`, { cidr_ipv4: "0.0.0.0/0", from_port: port, to_port: port }),
    ),
    towards("everybody to all ports", { cidr_ipv4: "0.0.0.0/0", ip_protocol: "-1" }),
    towards("everybody by IPv6", { cidr_ipv6: "::/0", from_port: 22, to_port: 22 }),
    towards("an unknown range", { cidr_ipv4: UNRESOLVABLE, from_port: 443, to_port: 443 }),
    towards("nobody", { from_port: 22, to_port: 22 }),
  ],
};

const narrowEgress: Wanted = {
  says: "a rule that reaches less than everybody",
  accepts: (value, origin) =>
    hasKnownPeer(value as Values, origin) && !admitsEverybody(value as Values),
  wrong: [
    towards("everybody", { cidr_ipv4: "0.0.0.0/0", ip_protocol: "-1" }),
    towards("everybody at one port", { cidr_ipv4: "0.0.0.0/0", from_port: 443, to_port: 443 }),
    towards("everybody by IPv6", { cidr_ipv6: "::/0", ip_protocol: "-1" }),
    towards("an unknown range", { cidr_ipv4: UNRESOLVABLE }),
  ],
};

/** Where a group's rules could also stand. */
const noRulesElsewhere: Rule = allOf(
  without("aws_security_group_rule"),
  every("aws_security_group", is("ingress", absent), is("egress", absent)),
);

/** Attributes by which a security group gets its members. */
const MEMBERS = [
  ["aws_db_instance", "vpc_security_group_ids"],
  ["aws_ecs_service", "network_configuration.security_groups"],
  ["aws_lb", "security_groups"],
  ["aws_vpc_endpoint", "security_group_ids"],
] as const;

function refersTo(address: string, { stacks, stack }: Origin) {
  return (value: unknown): boolean => {
    const target = resolveReference(stacks, stack, value);
    return target !== undefined && addressOf(target) === address;
  };
}

/** The stacks in which nobody can tell any more that a group has members. */
function withoutMembers(stacks: Stacks, group: string): Stacks {
  const holders = MEMBERS.flatMap(([type, path]) =>
    resourcesOf(stacks, type).map((resource) => ({ resource, path })),
  );
  return holders.reduce((changed, { resource, path }) => {
    const isGroup = refersTo(group, { stacks, stack: resource.stack });
    const [values] = changesAt(resource.values, path, (list) =>
      Array.isArray(list) ? list.map((it) => (isGroup(it) ? UNRESOLVABLE : it)) : list,
    );
    return withResource(changed, { ...resource, values: values as Values });
  }, stacks);
}

const everyGroupHasMembers: Rule = {
  types: ["aws_security_group"],
  check: (stacks) => {
    const groups = resourcesOf(stacks, "aws_security_group").map(addressOf);
    if (groups.length === 0) {
      return [{ address: "aws_security_group", attribute: "", problem: "there is none" }];
    }
    const hasMembers = (group: string) =>
      MEMBERS.some(([type, path]) =>
        resourcesOf(stacks, type).some(({ stack, values }) =>
          valuesAt(values, path).flat().some(refersTo(group, { stacks, stack })),
        ),
      );
    return groups
      .filter((address) => !hasMembers(address))
      .map((address) => ({ address, attribute: "", problem: "nothing is in this group" }));
  },
  examples: [
    {
      title: "a group whose members nobody can tell",
      broken: (stacks) =>
        resourcesOf(stacks, "aws_security_group").map((group) => {
          const address = addressOf(group);
          return { address, stacks: withoutMembers(stacks, address) };
        }),
    },
  ],
};

/** Of a network ACL: whether an entry leaves remote administration closed to everybody. */
function isNarrow({ action, cidr_block, ipv6_cidr_block, protocol, from_port, to_port }: Values) {
  if (action === "deny") return true;
  const range = cidr_block ?? ipv6_cidr_block;
  if (!RANGE.test(String(range))) return false;
  if (!EVERYBODY.includes(range)) return true;
  if (protocol === "-1" || typeof from_port !== "number" || typeof to_port !== "number")
    return false;
  return [22, 3389].every((port) => port < from_port || port > to_port);
}

const fromEverybody = { action: "allow", cidr_block: "0.0.0.0/0" };
const narrowEntries: Wanted = {
  says: "entries that do not admit everybody to 22, 3389 or all ports",
  accepts: (value) => Array.isArray(value) && value.every(isNarrow),
  wrong: [
    [{ ...fromEverybody, protocol: "tcp", from_port: 22, to_port: 22 }],
    [{ ...fromEverybody, protocol: "tcp", from_port: 1024, to_port: 65_535 }],
    [{ ...fromEverybody, protocol: "-1", from_port: 0, to_port: 0 }],
    [{ action: "allow", cidr_block: UNRESOLVABLE, protocol: "-1", from_port: 0, to_port: 0 }],
  ],
};

function withNetworkAcl(stacks: Stacks): Stacks {
  return withResource(stacks, {
    stack: "network",
    type: "aws_network_acl",
    name: "Example",
    values: {
      subnet_ids: resourcesOf(stacks, "aws_subnet").map(({ name }) => `\${aws_subnet.${name}.id}`),
      ingress: [{ ...fromEverybody, protocol: "tcp", from_port: 443, to_port: 443 }],
    },
  });
}

function withEc2Endpoint(stacks: Stacks): Stacks {
  return resourcesOf(stacks, "aws_vpc").reduce(
    (changed, { stack, name }) =>
      withResource(changed, {
        stack,
        type: "aws_vpc_endpoint",
        name: "Example",
        values: {
          vpc_id: `\${aws_vpc.${name}.id}`,
          service_name: "com.amazonaws.ap-southeast-2.ec2",
          vpc_endpoint_type: "Interface",
        },
      }),
    stacks,
  );
}

export const network: readonly Area[] = [
  {
    name: "VPC",
    controls: [
      {
        id: "vpc-default-security-group",
        title: "The default security group has no rules",
        checkov: ["CKV2_AWS_12"],
        trivy: ["AWS-0173"],
        securityHub: ["EC2.2"],
        rule: every(
          companions("aws_vpc", { type: "aws_default_security_group", link: "vpc_id" }),
          is("ingress", absent),
          is("egress", absent),
        ),
      },
      {
        id: "vpc-flow-log",
        title: "A flow log records all traffic",
        checkov: ["CKV2_AWS_11"],
        trivy: ["AWS-0178"],
        securityHub: ["EC2.6"],
        rule: every(
          companions("aws_vpc", { type: "aws_flow_log", link: "vpc_id" }),
          is("traffic_type", equal("ALL", "ACCEPT", "REJECT")),
        ),
      },
      {
        id: "vpc-ec2-endpoint",
        title: "The EC2 API has an interface endpoint",
        securityHub: ["EC2.10"],
        rule: {
          ...every(
            companions("aws_vpc", {
              type: "aws_vpc_endpoint",
              link: "vpc_id",
              where: ({ service_name }) => /^[\w.-]+\.ec2$/.test(String(service_name)),
            }),
            is("vpc_endpoint_type", equal("Interface", "Gateway")),
          ),
          met: withEc2Endpoint,
        },
        refusals: [
          {
            reason:
              "Nothing in the VPC calls the EC2 API: there are no instances, and neither role of the service may. An endpoint would be a way that nobody needs, at its price for each zone.",
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
        title: "Subnets give no public address by themselves",
        checkov: ["CKV_AWS_130"],
        trivy: ["AWS-0164"],
        securityHub: ["EC2.15"],
        rule: every("aws_subnet", is("map_public_ip_on_launch", isFalse)),
      },
    ],
  },
  {
    name: "Security groups",
    controls: [
      {
        id: "security-group-description",
        title: "Groups and rules say what they are for",
        checkov: ["CKV_AWS_23"],
        trivy: ["AWS-0099", "AWS-0124"],
        rule: allOf(
          ...["aws_security_group", INGRESS, EGRESS].map((type) =>
            every(type, is("description", text)),
          ),
        ),
      },
      {
        id: "security-group-ingress",
        title: "Everybody is admitted to HTTPS at most, never to 22, 80, 3389 or all ports",
        checkov: ["CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277"],
        trivy: ["AWS-0107"],
        securityHub: ["EC2.13", "EC2.14", "EC2.18", "EC2.19"],
        rule: allOf(every(INGRESS, meets(narrowIngress)), noRulesElsewhere),
        refusals: [
          {
            under: ["open to every address"],
            of: [`service/${INGRESS}.LoadBalancer_Admit-0-0-0-0-0-80`],
            reason:
              "Who opens the service to every address by `CIPHERWATCH_ALLOWED_CIDRS` opens port 80 too, which needs a domain and redirects to HTTPS without serving anything.",
          },
        ],
      },
      {
        id: "security-group-egress",
        title: "No group may reach everybody",
        checkov: ["CKV_AWS_382"],
        trivy: ["AWS-0104"],
        rule: allOf(every(EGRESS, meets(narrowEgress)), noRulesElsewhere),
        refusals: [
          {
            under: ["dev", "without VPC endpoints"],
            of: [`service/${EGRESS}.ReachAws`],
            reason:
              "Without interface endpoints, which dev leaves out for their cost, AWS's APIs have public addresses of which there is no short list. Port 443 alone is open, from the private subnets, through the NAT gateway. `CIPHERWATCH_VPC_ENDPOINTS=true` closes it.",
          },
        ],
      },
      {
        id: "security-group-used",
        title: "Every group has members",
        checkov: ["CKV2_AWS_5"],
        rule: everyGroupHasMembers,
      },
    ],
  },
  {
    name: "Network ACLs",
    controls: [
      {
        id: "network-acl",
        title: "An ACL closes remote administration to everybody",
        checkov: ["CKV2_AWS_1"],
        trivy: ["AWS-0102", "AWS-0105"],
        securityHub: ["EC2.16", "EC2.21"],
        rule: {
          ...every(
            companions("aws_subnet", { type: "aws_network_acl", link: "subnet_ids" }),
            is("ingress", narrowEntries),
          ),
          met: withNetworkAcl,
        },
        refusals: [
          {
            reason:
              "Who may talk to whom is said by security groups alone. ACLs are stateless: beside a NAT gateway one must admit 1024 to 65535 from everywhere, 3389 among them, for the answers. The VPC's default ACL stays as AWS made it; Security Hub has no finding on a default one.",
          },
        ],
      },
    ],
  },
];
