import { z } from "zod";
import { AwsError } from "../../../cloudwatch/aws-error.ts";
import { inputReader, list, text } from "../shared/input.ts";
import type { AwsStructure } from "../shared/operation.ts";
import { page } from "../shared/paging.ts";

/** The name of an alarm or a metric, or a namespace. */
export const Name = text({ min: 1, max: 255 });

export const Dimensions = list(z.object({ Name, Value: text({ min: 1, max: 1024 }) }), {
  max: 30,
});

export const UNITS = [
  ...["Seconds", "Microseconds", "Milliseconds"],
  ...["Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"],
  ...["Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"],
  ...["Percent", "Count"],
  ...["Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second"],
  ...["Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second"],
  ...["Gigabits/Second", "Terabits/Second", "Count/Second", "None"],
];

export const readRequest = inputReader("ValidationError");

/**
 * Reads the request of an operation that reports a missing member as `MissingParameter` instead of a
 * `ValidationError`.
 */
export function readRequiredMembers<Schema extends z.ZodObject>(
  schema: Schema,
  input: unknown,
): z.infer<Schema> {
  const members = (input ?? {}) as Readonly<Record<string, unknown>>;
  for (const [name, member] of Object.entries(schema.shape)) {
    const isAbsent = members[name] === undefined || members[name] === null;
    if (isAbsent && !z.safeParse(member as z.ZodType, undefined).success) {
      throw new AwsError("MissingParameter", `The parameter ${name} is required.`);
    }
  }
  return readRequest(schema, input);
}

export function dimensionRecord(
  dimensions: readonly { readonly Name: string; readonly Value: string }[],
): Record<string, string> {
  return Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]));
}

export function dimensionList(dimensions: Readonly<Record<string, string>>): AwsStructure[] {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

export const invalidValue = (message: string) => new AwsError("InvalidParameterValue", message);

export const invalidCombination = (message: string) =>
  new AwsError("InvalidParameterCombination", message);

export function mutuallyExclusive(one: string, other: string): AwsError {
  return invalidCombination(
    `The parameters ${one} and ${other} are mutually exclusive and you have specified both.`,
  );
}

/** Returns the page of items that follows the page which returned `token`. @throws AwsError for an unknown token */
export function pageOf<Item>(
  items: readonly Item[],
  limit: number,
  token: string | undefined,
  keyOf: (item: Item) => string,
) {
  const message = `The NextToken ${token} was not returned by this operation.`;
  const invalidToken = new AwsError("InvalidNextToken", message);
  return page(items, { limit, token, keyOf, invalidToken });
}
