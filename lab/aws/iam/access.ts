import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { DeployedAccess, DeployedEndpoint } from "../../../terraform/access.ts";
import type { Journal } from "../../state/journal.ts";
import type { AccessCheck, Call, Caller, Service } from "../shared/operation.ts";
import { accessDeniedMessage } from "./access-denied.ts";
import type { Context } from "./conditions.ts";
import { type ApplicablePolicies, evaluate, type Principal } from "./evaluate.ts";
import { type Policy, parsePolicy } from "./policy.ts";

/** A journal entry: the new trust policy of a role. */
export interface IamEntry {
  readonly role: string;
  readonly trustPolicy: string;
}

export interface AccessOptions {
  readonly accountId: string;
  readonly access: DeployedAccess;
  readonly journal: Journal<IamEntry>;
}

export interface Role {
  readonly name: string;
  readonly arn: string;
  readonly trustPolicy: Policy;
  /** The trust policy, in JSON. */
  readonly trustDocument: string;
}

/** The identities of the account and their permissions. */
export interface Access {
  /** Evaluates the policies for a call. @throws AwsError with AWS's message if they do not allow the action */
  readonly authorize: (service: Service, call: Omit<Call, "authorize">, check: AccessCheck) => void;
  readonly role: (nameOrArn: string) => Role | undefined;
  /** Journals and applies a policy in JSON. @throws PolicyError */
  readonly setTrustPolicy: (role: Role, document: string) => void;
  /** Returns the VPC endpoint through which the caller's requests reach a service; undefined for none. */
  readonly endpointOf: (caller: Caller, service: Service) => DeployedEndpoint | undefined;
}

export const notModelled: readonly string[] = [
  "Signatures are not verified. An unknown access key belongs to an IAM user with that name and the permissions of an administrator.",
  "Conditions on request tags, organizations, MFA and the tags of resources other than KMS keys are evaluated as if the request had no such value.",
  "UpdateAssumeRolePolicy, PutKeyPolicy and CreateGrant take effect. Other IAM changes are only recorded.",
];

/** AWS's managed policy AdministratorAccess. */
const ADMINISTRATOR = parsePolicy({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});

/**
 * Evaluates requests with the policies that the stacks deploy.
 * @throws PolicyError if the lab cannot evaluate one of them
 */
export function createAccess({ accountId, access, journal }: AccessOptions): Access {
  const roles = new Map<string, Role>(
    access.roles.map(({ name, arn, trustPolicy }) => [
      name,
      { name, arn, trustDocument: trustPolicy, trustPolicy: parsePolicy(trustPolicy) },
    ]),
  );
  const applyTrust = ({ role: name, trustPolicy }: IamEntry) => {
    const role = roles.get(name);
    if (role === undefined) return;
    const parsed = parsePolicy(trustPolicy);
    roles.set(name, { ...role, trustDocument: trustPolicy, trustPolicy: parsed });
  };
  for (const entry of journal.entries) applyTrust(entry);
  const permissions = new Map(
    access.roles.map(({ name, policies, boundary }) => [
      name,
      {
        identity: policies.map(parsePolicy),
        ...(boundary === undefined ? {} : { boundary: parsePolicy(boundary) }),
      },
    ]),
  );
  const endpointPolicies = new Map(
    access.endpoints.map(({ id, policy }) => [id, parsePolicy(policy)]),
  );
  const endpointOf: Access["endpointOf"] = (caller, service) =>
    caller.inVpc ? access.endpoints.find((endpoint) => endpoint.service === service) : undefined;

  const permissionsOf = ({ role }: Caller): ApplicablePolicies =>
    role === undefined
      ? { identity: [ADMINISTRATOR] }
      : (permissions.get(role.name) ?? { identity: [] });

  return {
    endpointOf,
    authorize: (service, call, check) => {
      const endpoint = check.viaService ? undefined : endpointOf(call.caller, service);
      const policy = endpoint && endpointPolicies.get(endpoint.id);
      const { resourcePolicy, requiresResourcePolicy = false, grant = false } = check;
      const { action, resource, target, isTrust = false } = check;
      const request = {
        action,
        resource,
        resourceAccountId: accountId,
        principal: principalOf(call.caller),
        context: contextOf(call, check, endpoint),
      };
      const decision = evaluate(request, {
        ...permissionsOf(call.caller),
        ...(policy === undefined ? {} : { endpoint: policy }),
        ...(resourcePolicy === undefined ? {} : { resource: resourcePolicy }),
        requiresResourcePolicy,
        grant,
      });
      if (decision.allowed) return;
      const denied = {
        callerArn: call.caller.arn,
        action,
        target: target ?? (resource === "*" ? "" : `on resource: ${resource}`),
        isTrust,
      };
      throw deniedError(service, accessDeniedMessage(denied, decision));
    },
    role: (nameOrArn) =>
      roles.get(nameOrArn) ?? [...roles.values()].find(({ arn }) => arn === nameOrArn),
    setTrustPolicy: ({ name }, document) => {
      const entry = { role: name, trustPolicy: document };
      // Reject an invalid policy before journaling it.
      applyTrust(entry);
      journal.append(entry);
    },
  };
}

function principalOf({ arn, accountId, role }: Caller): Principal {
  return role === undefined
    ? { kind: "user", arn, accountId }
    : { kind: "session", arn, accountId, roleArn: role.arn };
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
function contextOf(
  { caller, region, sourceIpAddress, userAgent }: Omit<Call, "authorize">,
  { context = {}, viaService = false }: AccessCheck,
  endpoint: DeployedEndpoint | undefined,
): Context {
  const keys = {
    "aws:PrincipalArn": caller.role?.arn ?? caller.arn,
    "aws:PrincipalAccount": caller.accountId,
    "aws:PrincipalType": caller.role === undefined ? "User" : "AssumedRole",
    "aws:PrincipalIsAWSService": "false",
    "aws:ViaAWSService": String(viaService),
    "aws:userid": caller.userId,
    "aws:ResourceAccount": caller.accountId,
    "aws:RequestedRegion": region,
    // The endpoint on loopback emulates AWS's endpoint, which clients reach with TLS.
    "aws:SecureTransport": "true",
    "aws:UserAgent": userAgent,
    ...(caller.role === undefined ? { "aws:username": caller.arn.split("/").at(-1) ?? "" } : {}),
    ...(endpoint === undefined ? {} : fromEndpoint(endpoint, sourceIpAddress)),
    // AWS services call from their own addresses.
    ...(endpoint === undefined && !viaService ? { "aws:SourceIp": sourceIpAddress } : {}),
    ...context,
  };
  return new Map(Object.entries(keys).map(([key, value]) => [key.toLowerCase(), value]));
}

const fromEndpoint = ({ id, vpcId }: DeployedEndpoint, address: string) => ({
  "aws:SourceVpc": vpcId,
  "aws:SourceVpce": id,
  "aws:VpcSourceIp": address,
});

const QUERY_DENIALS: Readonly<Partial<Record<Service, string>>> = {
  cloudwatch: "AccessDenied",
  elasticloadbalancing: "AccessDenied",
  iam: "AccessDenied",
  rds: "AccessDenied",
  sns: "AuthorizationError",
  sts: "AccessDenied",
};

/** Returns the error of a denied request, which is AccessDeniedException for services with JSON protocols. */
function deniedError(service: Service, message: string): AwsError {
  if (service === "ec2") {
    const prefix = "You are not authorized to perform this operation. ";
    return new AwsError("UnauthorizedOperation", prefix + message, 403);
  }
  const code = QUERY_DENIALS[service];
  return code === undefined
    ? new AwsError("AccessDeniedException", message)
    : new AwsError(code, message, 403);
}
