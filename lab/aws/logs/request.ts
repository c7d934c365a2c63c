import type { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { integer, readInput, text } from "../shared/input.ts";
import type { LogGroup, LogStore } from "./store.ts";

export const GroupName = text({ min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ });
export const GroupIdentifier = text({ min: 1, max: 2048, pattern: /^[\w#+=/:,.@-]*$/ });
export const StreamName = text({ min: 1, max: 512, pattern: /^[^:*]*$/ });
export const FilterPattern = text({ max: 1024 });
export const NextToken = text({ min: 1 });
export const DescribeLimit = integer({ min: 1, max: 50 }).default(50);

const INVALID_PARAMETER = "InvalidParameterException";

/** @throws AwsError `InvalidParameterException` with every violated constraint */
export function readRequest<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): z.infer<Schema> {
  return readInput(schema, input, INVALID_PARAMETER);
}

export const invalid = (message: string) => new AwsError(INVALID_PARAMETER, message);

export const invalidToken = () => invalid("The specified nextToken is invalid.");

export function notFound(resource: "group" | "stream"): AwsError {
  return new AwsError("ResourceNotFoundException", `The specified log ${resource} does not exist.`);
}

/** @throws AwsError `ResourceNotFoundException` */
export function requireGroup(store: LogStore, name: string): LogGroup {
  const group = store.groups.get(name);
  if (group === undefined) throw notFound("group");
  return group;
}

/** Finds the log group of a request that names it by either its name or its ARN. */
export function requireGroupOf(
  request: {
    readonly logGroupName?: string | undefined;
    readonly logGroupIdentifier?: string | undefined;
  },
  store: LogStore,
  { region, accountId }: { readonly region: string; readonly accountId: string },
): LogGroup {
  const { logGroupName, logGroupIdentifier } = request;
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw new AwsError(
      "ValidationException",
      "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    );
  }
  const identifier = logGroupName ?? logGroupIdentifier;
  if (identifier === undefined) {
    throw invalid("Either logGroupName or logGroupIdentifier must be specified.");
  }
  const arnInfix = `:${region}:${accountId}:log-group:`;
  const name = identifier.startsWith("arn:")
    ? identifier.slice(identifier.indexOf(arnInfix) + arnInfix.length)
    : identifier;
  return requireGroup(store, name);
}

/** Returns the ARN of a log group without the `:*` suffix. */
export const groupArn = ({ deployed }: LogGroup) => deployed.arn.replace(/:\*$/, "");
