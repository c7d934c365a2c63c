import { VPC_CIDRS_ALLOWED, validateVpcCidr } from "../common/subnets.ts";
import { checkedText, flag, oneOf, whole } from "./kinds.ts";
import type { Rule, ValuesOf } from "./setting.ts";

export const settings = {
  /** IPv4 range of the VPC. */
  vpcCidr: checkedText(validateVpcCidr, {
    allowed: VPC_CIDRS_ALLOWED,
    next: "take one that nothing you connect to the VPC uses",
  }).byDefault("172.31.0.0/16"),

  /** Availability zones that have subnets; each costs its NAT gateway and endpoints. */
  availabilityZones: whole(2, 3).byEnvironment({ dev: 2, prod: 3 }),

  /**
   * NAT gateways, by which the service reaches AWS. With endpoints on, `none` saves their price: the
   * service has another way.
   */
  natGateways: oneOf(["none", "one", "per-zone"], "there is no such choice").byEnvironment({
    dev: "one",
    prod: "per-zone",
  }),

  /** Interface endpoints, the service's only way to AWS where they are on. Off in dev for their cost. */
  vpcEndpoints: flag.byEnvironment({ dev: false, prod: true }),

  /** Connections refused inside the VPC in five minutes at which an alarm fires. */
  rejectedConnections: whole(1, 1_000_000).byDefault(10),
};

export const rules: readonly Rule<ValuesOf<typeof settings>>[] = [
  {
    among: ["natGateways", "vpcEndpoints"],
    wrongWith: ({ natGateways, vpcEndpoints }) =>
      natGateways === "none" &&
      !vpcEndpoints &&
      "without a NAT gateway and without endpoints the service cannot reach AWS",
    allowed: "one or per-zone, where CIPHERWATCH_VPC_ENDPOINTS is false",
    next: "set it to one of these, or set CIPHERWATCH_VPC_ENDPOINTS to true",
  },
];
