import { isIPv4 } from "node:net";
import { VPC_CIDRS_ALLOWED, validateVpcCidr } from "../common/subnets.ts";
import type * as general from "./general.ts";
import { setOf, validated } from "./schemas.ts";
import { flag, integer, oneOf, type Refinement, same, setting, type ValuesOf } from "./setting.ts";

export const settings = {
  vpcCidr: setting({
    description: "IPv4 range of the VPC.",
    schema: validated(validateVpcCidr),
    defaults: same("172.31.0.0/16"),
    allowed: VPC_CIDRS_ALLOWED,
    next: "choose a range that does not overlap with networks you will connect to the VPC",
  }),

  availabilityZones: integer(2, 3, {
    description:
      "Availability Zones with subnets; each adds the cost of a NAT gateway and endpoints.",
    defaults: { dev: 2, prod: 3 },
  }),

  natGateways: oneOf(["none", "one", "per-zone", "public-tasks"], "is not a valid choice", {
    description:
      "NAT gateways through which the service reaches AWS where there are no VPC endpoints. public-tasks: none; tasks run in the public subnets with public addresses, in dev only.",
    defaults: { dev: "one", prod: "none" },
  }),

  vpcEndpoints: flag({
    description: "Create VPC interface endpoints, and let the service reach AWS only through them.",
    defaults: { dev: false, prod: true },
  }),

  natAddresses: setting({
    description:
      "Public IPv4 addresses of the existing VPC's NAT gateways. service-credentials-outside then reports calls of the service's roles from other addresses.",
    schema: setOf(validateAddress),
    defaults: same([]),
    allowed: "comma-separated IPv4 addresses, such as 198.51.100.7, only with CIPHERWATCH_VPC_ID",
    next: "copy them from `aws ec2 describe-nat-gateways`, or unset it",
  }),

  rejectedConnections: integer(1, 1_000_000, {
    description: "Connections rejected within the VPC in five minutes at which an alarm fires.",
    defaults: same(10),
  }),
};

function validateAddress(address: string): string | undefined {
  return isIPv4(address) ? undefined : `${JSON.stringify(address)} is not an IPv4 address`;
}

type Values = ValuesOf<typeof settings> &
  Pick<ValuesOf<typeof general.settings>, "shape"> & { readonly vpcId: string | undefined }; // in existing.ts, which imports this file

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["natAddresses", "vpcId", "natGateways"],
    check: ({ natAddresses, vpcId, natGateways }) => {
      if (natAddresses.length === 0) return undefined;
      if (vpcId === undefined)
        return "belongs to an existing VPC, but CIPHERWATCH_VPC_ID is not set: the stacks already know the addresses of the gateways that they create";
      return (
        natGateways === "public-tasks" &&
        "does not apply to tasks with public addresses, which use no NAT gateway"
      );
    },
    allowed: "addresses only together with CIPHERWATCH_VPC_ID, for tasks in private subnets",
    next: "unset it, or set CIPHERWATCH_VPC_ID",
  },
  {
    fields: ["natGateways", "shape"],
    check: ({ natGateways, shape }) =>
      natGateways === "public-tasks" &&
      shape === "prod" &&
      "must not be public-tasks in prod: tasks that hold credentials would have public addresses",
    allowed: "none, one, per-zone, in prod",
    next: "unset it, or use dev for a cheap environment",
  },
  {
    fields: ["natGateways", "vpcEndpoints"],
    check: ({ natGateways, vpcEndpoints }) =>
      natGateways === "public-tasks" &&
      vpcEndpoints &&
      "must not be public-tasks with VPC endpoints: nothing would use the public addresses",
    allowed: "none, one, per-zone, if CIPHERWATCH_VPC_ENDPOINTS is true",
    next: "set it to none, or unset CIPHERWATCH_VPC_ENDPOINTS",
  },
  {
    fields: ["natGateways", "vpcEndpoints", "vpcId"],
    check: ({ natGateways, vpcEndpoints, vpcId }) =>
      natGateways === "none" &&
      !vpcEndpoints &&
      vpcId === undefined &&
      "must not be none without VPC endpoints: the service could not reach AWS",
    allowed: "one, per-zone or, in dev, public-tasks, if CIPHERWATCH_VPC_ENDPOINTS is false",
    next: "set it to one of these, or set CIPHERWATCH_VPC_ENDPOINTS to true",
  },
];
