import { expect, test } from "vitest";
import { conditionsMatch, parseConditions } from "./conditions.ts";

const ROLE = "arn:aws:iam::111122223333:role/reader";

/** The context of every test. */
const context = new Map<string, string | readonly string[]>([
  ["aws:principalarn", ROLE],
  ["aws:securetransport", "true"],
  ["aws:sourceip", "203.0.113.9"],
  ["kms:encryptioncontext:app", "cipherwatch"],
  ["kms:encryptioncontextkeys", ["app", "record"]],
  ["s3:max-keys", "10"],
]);

const matches = (element: unknown) => conditionsMatch(parseConditions(element), context);

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
test.each<[string, string, unknown, boolean]>([
  ["StringEquals", "kms:EncryptionContext:app", "cipherwatch", true],
  ["StringEquals", "KMS:encryptioncontext:APP", "cipherwatch", true],
  ["StringEquals", "kms:EncryptionContext:app", "Cipherwatch", false],
  ["StringEquals", "kms:EncryptionContext:app", ["other", "cipherwatch"], true],
  ["StringEquals", "kms:EncryptionContext:app", "cipher*", false],
  ["StringEquals", "kms:EncryptionContext:none", "cipherwatch", false],
  ["StringNotEquals", "kms:EncryptionContext:app", ["other", "cipherwatch"], false],
  ["StringNotEquals", "kms:EncryptionContext:none", "cipherwatch", true],
  ["StringEqualsIgnoreCase", "kms:EncryptionContext:app", "CIPHERWATCH", true],
  ["StringNotEqualsIgnoreCase", "kms:EncryptionContext:app", "CIPHERWATCH", false],
  ["StringLike", "kms:EncryptionContext:app", "c*w?tch", true],
  ["StringLike", "kms:EncryptionContext:app", "c?h", false],
  ["StringLike", "kms:EncryptionContext:app", "cipherwatch.", false],
  ["StringNotLike", "kms:EncryptionContext:app", "c*", false],
  ["StringEqualsIfExists", "kms:EncryptionContext:none", "cipherwatch", true],
  ["StringEqualsIfExists", "kms:EncryptionContext:app", "other", false],
  ["ArnEquals", "aws:PrincipalArn", ROLE, true],
  ["ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/read*", true],
  ["ArnLike", "aws:PrincipalArn", "arn:aws:*:role/reader", false],
  ["ArnNotEquals", "aws:PrincipalArn", ROLE, false],
  ["ArnNotLike", "aws:SourceArn", ROLE, true],
  ["Bool", "aws:SecureTransport", "true", true],
  ["Bool", "aws:SecureTransport", false, false],
  ["Bool", "aws:MultiFactorAuthPresent", "false", false],
  ["BoolIfExists", "aws:MultiFactorAuthPresent", "false", true],
  ["Null", "aws:SourceVpc", "true", true],
  ["Null", "aws:SourceVpc", "false", false],
  ["Null", "aws:SourceIp", "false", true],
  ["IpAddress", "aws:SourceIp", "203.0.113.0/24", true],
  ["IpAddress", "aws:SourceIp", "203.0.113.9", true],
  ["IpAddress", "aws:SourceIp", ["198.51.100.0/24", "0.0.0.0/0"], true],
  ["IpAddress", "aws:VpcSourceIp", "0.0.0.0/0", false],
  ["NotIpAddress", "aws:SourceIp", "203.0.113.0/24", false],
  ["NotIpAddress", "aws:VpcSourceIp", "203.0.113.0/24", true],
  ["NumericLessThanEquals", "s3:max-keys", "10", true],
  ["NumericLessThan", "s3:max-keys", "10", false],
  ["NumericGreaterThan", "s3:max-keys", 9, true],
  ["NumericGreaterThanEquals", "s3:max-keys", "11", false],
  ["NumericEquals", "s3:max-keys", "10.0", true],
  ["NumericNotEquals", "s3:max-keys", "10", false],
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
  ["ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["app", "record", "key"], true],
  ["ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["app"], false],
  ["ForAllValues:StringEquals", "aws:TagKeys", ["app"], true],
  ["ForAnyValue:StringEquals", "kms:EncryptionContextKeys", ["record"], true],
  ["ForAnyValue:StringEquals", "kms:EncryptionContextKeys", ["key"], false],
  ["ForAnyValue:StringEquals", "aws:TagKeys", ["app"], false],
])("%s %s %j: %s", (operator, key, value, expected) => {
  expect(matches({ [operator]: { [key]: value } })).toBe(expected);
});

test("match only together", () => {
  const secure = { Bool: { "aws:SecureTransport": "true" } };
  expect(matches({ ...secure, StringEquals: { "kms:EncryptionContext:app": "cipherwatch" } })).toBe(
    true,
  );
  expect(matches({ ...secure, StringEquals: { "kms:EncryptionContext:app": "other" } })).toBe(
    false,
  );
  const both = { "aws:PrincipalArn": ROLE, "aws:SourceArn": ROLE };
  expect(matches({ ArnEquals: both })).toBe(false);
});
