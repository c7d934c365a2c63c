import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { inputReader, integer, text } from "../shared/input.ts";
import { page } from "../shared/paging.ts";
import type { LogGroup, LogStore } from "./store.ts";

export const GroupName = text({ min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ });
export const GroupIdentifier = text({ min: 1, max: 2048, pattern: /^[\w#+=/:,.@-]*$/ });
export const StreamName = text({ min: 1, max: 512, pattern: /^[^:*]*$/ });
export const FilterPattern = text({ max: 1024 });
export const NextToken = text({ min: 1 });
export const DescribeLimit = integer({ min: 1, max: 50 }).default(50);

const INVALID_PARAMETER = "InvalidParameterException";

export const readRequest = inputReader(INVALID_PARAMETER);

export const invalid = (message: string) => new AwsError(INVALID_PARAMETER, message);

/** Returns the page that the members `limit` and `nextToken` request. */
export function pageOf<Item>(
  items: readonly Item[],
  request: { readonly limit: number; readonly nextToken?: string | undefined },
  keyOf: (item: Item) => string,
) {
  const invalidToken = invalid("The specified nextToken is invalid.");
  return page(items, { limit: request.limit, token: request.nextToken, keyOf, invalidToken });
}

export function notFound(resource: "group" | "stream"): AwsError {
  return new AwsError("ResourceNotFoundException", `The specified log ${resource} does not exist.`);
}

/** Returns the log group with a name. @throws AwsError `ResourceNotFoundException` */
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
