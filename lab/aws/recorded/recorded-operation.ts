import { AwsError } from "../../../cloudwatch/aws-error.ts";
import type { AwsStructure, Call, Operations } from "../shared/operation.ts";

export type Members = Readonly<Record<string, unknown>>;

/**
 * An operation that the lab checks and records, but does not carry out: it validates the required members,
 * evaluates policies, and responds like AWS. Nothing else changes.
 */
export interface RecordedOperation {
  /** Members without which AWS rejects the request. */
  readonly required?: readonly string[];
  /** Returns the ARN of the resource whose permission is checked; default: `*`. @throws AwsError if it does not exist */
  readonly resource?: (members: Members, call: Call) => string;
  /** Returns the roles that the request passes to a service, which needs `iam:PassRole`. */
  readonly passedRoles?: (members: Members) => readonly string[];
  /** The action's name, if it differs from the operation's. */
  readonly action?: string;
  readonly respond?: (members: Members, call: Call) => AwsStructure;
}

export interface RecordedService {
  /** The prefix of the service's actions in policies. */
  readonly prefix: string;
  /** The service principal that assumes passed roles. */
  readonly passedTo?: string;
  readonly missingParameter: (name: string) => AwsError;
}

export function recordedOperations(
  service: RecordedService,
  operations: Readonly<Record<string, RecordedOperation>>,
): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (input, call) => run(service, name, operation, (input ?? {}) as Members, call),
    ]),
  );
}

function run(
  { prefix, passedTo, missingParameter }: RecordedService,
  name: string,
  operation: RecordedOperation,
  members: Members,
  call: Call,
): AwsStructure {
  const { required = [], resource, passedRoles, action = name, respond } = operation;
  const missing = required.find((member) => (members[member] ?? "") === "");
  if (missing !== undefined) throw missingParameter(missing);
  call.authorize({
    action: `${prefix}:${action}`,
    resource: resource?.(members, call) ?? "*",
  });
  for (const role of passedRoles?.(members) ?? []) {
    call.authorize({
      action: "iam:PassRole",
      resource: role,
      context: passedTo === undefined ? {} : { "iam:PassedToService": passedTo },
    });
  }
  return respond?.(members, call) ?? {};
}

/** Returns a text member; "" if it is missing or of another type. */
export function textOf(members: Members, name: string): string {
  const value = members[name];
  return typeof value === "string" ? value : "";
}

/** Returns the error of services with the Query protocol for a missing parameter. */
export const missingQueryParameter = (name: string) =>
  new AwsError("MissingParameter", `The request must contain the parameter ${name}.`);

/** Creates the error of services with a JSON protocol. @param code the service's code for an invalid request */
export const missingJsonMember = (code: string) => (name: string) =>
  new AwsError(
    code,
    `1 validation error detected: Value null at '${name.replace(/^./, (first) => first.toLowerCase())}' failed to satisfy constraint: Member must not be null`,
  );
