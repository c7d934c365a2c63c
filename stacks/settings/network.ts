import { VPC_CIDRS_ALLOWED, vpcCidrProblem } from "../subnets.ts";
import { checkedText, flag, oneOf, whole } from "./kinds.ts";
import { byDefault, byEnvironment, rulesFor, type ValuesOf } from "./setting.ts";

export const settings = {
  /** IPv4 range of the VPC. */
  vpcCidr: byDefault(
    "172.31.0.0/16",
    checkedText(vpcCidrProblem, {
      allowed: VPC_CIDRS_ALLOWED,
      next: "take one that nothing you connect to the VPC uses",
    }),
  ),

  /** Availability zones that have subnets; each costs its NAT gateway and endpoints. */
  availabilityZones: byEnvironment({ dev: 2, prod: 3 }, whole(2, 3)),

  /**
   * NAT gateways, by which the service reaches AWS. With endpoints on, `none` saves their price: the
   * service has another way.
   */
  natGateways: byEnvironment(
    { dev: "one", prod: "per-zone" },
    oneOf(["none", "one", "per-zone"], "there is no such choice"),
  ),

  /** Interface endpoints, the service's only way to AWS where they are on. Off in dev for their cost. */
  vpcEndpoints: byEnvironment({ dev: false, prod: true }, flag),

  /** Connections refused inside the VPC in five minutes at which an alarm fires. */
  rejectedConnections: byDefault(10, whole(1, 1_000_000)),
};

const rule = rulesFor<ValuesOf<typeof settings>>();

export const rules = [
  rule(
    ["natGateways", "vpcEndpoints"],
    ({ natGateways, vpcEndpoints }) =>
      natGateways === "none" && !vpcEndpoints
        ? "without a NAT gateway and without endpoints the service cannot reach AWS"
        : undefined,
    {
      allowed: "one or per-zone, where CIPHERWATCH_VPC_ENDPOINTS is false",
      next: "set it to one of these, or set CIPHERWATCH_VPC_ENDPOINTS to true",
    },
  ),
];
