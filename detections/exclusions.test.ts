import { expect, test } from "vitest";
import { exampleScope } from "./example-events.ts";
import { filterPatterns, onlyCallers, validateExclusion, withoutCallers } from "./exclusions.ts";
import { kmsErrors } from "./kms-errors.ts";

test.each([
  "config.amazonaws.com",
  "ecs.application-autoscaling.amazonaws.com",
  "logs.cn-north-1.amazonaws.com.cn",
  "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1a2b3c*",
  "arn:aws:iam::111122223333:role/aws:ec2-infrastructure",
  "arn:aws-us-gov:iam::111122223333:user/break-glass",
  "arn:aws:sts::111122223333:assumed-role/Admin/jordan@example.com",
])("accepts %s", (exclusion) => {
  expect(validateExclusion(exclusion)).toBeUndefined();
});

test.each([
  ["a wildcard for everyone", "*"],
  ["a wildcard for every role", "arn:aws:iam::111122223333:role/*"],
  ["a wildcard within the value", "arn:aws:iam::111122223333:role/*/Admin"],
  ["the root user", "arn:aws:iam::111122223333:root"],
  [
    "a role of IAM Identity Center without its path",
    "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_1a2b",
  ],
  ["an account", "111122223333"],
  ["a name", "Admin"],
  [
    "a quotation mark, which would end the pattern's string",
    'arn:aws:iam::111122223333:role/x" || $.a = "',
  ],
  ["another company's service", "config.example.com"],
])("rejects %s", (_, exclusion) => {
  expect(validateExclusion(exclusion)).toMatch(/is neither an AWS service nor the ARN/);
});

test("leaves a pattern unchanged without exclusions", () => {
  expect(filterPatterns({ ...kmsErrors, exclusions: [] }, exampleScope)).toEqual([
    kmsErrors.pattern(exampleScope),
  ]);
});

test("counts callers without the excluded field", () => {
  const excluding = { ...kmsErrors, exclusions: ["config.amazonaws.com"] };
  const condition = kmsErrors.pattern(exampleScope).slice(2, -2);
  expect(filterPatterns(excluding, exampleScope)).toEqual([
    `{ (${condition}) && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != "config.amazonaws.com") }`,
  ]);
});

test("excludes callers from every pattern", () => {
  const detection = {
    ...kmsErrors,
    furtherPatterns: () => ['{ $.eventName = "Encrypt" }'],
    exclusions: ["config.amazonaws.com"],
  };
  const patterns = filterPatterns(detection, exampleScope);
  expect(patterns).toHaveLength(2);
  for (const pattern of patterns) expect(pattern).toContain('!= "config.amazonaws.com"');
});

test("separates what exclusions hide from what is still counted", () => {
  const exclusions = ["arn:aws:iam::111122223333:role/App", "config.amazonaws.com"];
  expect(withoutCallers("{ $.a = 1 || $.b = 2 }", exclusions)).toBe(
    '{ ($.a = 1 || $.b = 2) && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != "config.amazonaws.com") && ($.userIdentity.sessionContext.sessionIssuer.arn NOT EXISTS || $.userIdentity.sessionContext.sessionIssuer.arn != "arn:aws:iam::111122223333:role/App") }',
  );
  expect(onlyCallers("{ $.a = 1 || $.b = 2 }", exclusions)).toBe(
    '{ ($.a = 1 || $.b = 2) && ($.userIdentity.invokedBy = "config.amazonaws.com" || $.userIdentity.sessionContext.sessionIssuer.arn = "arn:aws:iam::111122223333:role/App") }',
  );
});
