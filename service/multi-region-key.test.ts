import { expect, test } from "vitest";
import { keyMatcher } from "./multi-region-key.ts";

const related = (region: string, partition = "aws") =>
  `arn:${partition}:kms:${region}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab`;

test("finds the related key of another Region in the same partition, and nothing for parts of its ARN", () => {
  const find = keyMatcher([related("cn-north-1", "aws-cn"), related("us-east-1")]);
  expect(find(related("cn-northwest-1", "aws-cn"))).toBe(related("cn-north-1", "aws-cn"));
  expect(find(related("eu-west-1"))).toBe(related("us-east-1"));
  expect(find(related("us-gov-east-1", "aws-us-gov"))).toBeUndefined();
  expect(find(`${related("eu-west-1")}/x`)).toBeUndefined();
  expect(find(` ${related("eu-west-1")}`)).toBeUndefined();
});
