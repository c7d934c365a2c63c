import { expect, test } from "vitest";
import { settings } from "./ingress.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const DOMAIN_NAME = "vault.example.com";
const HOSTED_ZONE_ID = "Z0123456789";

const RATE = /^must be an integer between 10 and 2000000000$/;

testSettings(settings, {
  allowedCidrs: [
    "ALLOWED_CIDRS",
    "203.0.113.0/24, 198.51.100.7/32",
    ["203.0.113.0/24", "198.51.100.7/32"],
    {
      "203.0.113.0/24,300.1.1.0/24": /"300\.1\.1\.0\/24" is not a valid IPv4/,
      "203.0.113.9/24": /the range is 203\.0\.113\.0\/24/,
    },
  ],
  domainName: [
    "DOMAIN_NAME",
    DOMAIN_NAME,
    DOMAIN_NAME,
    {
      "https://vault.example.com": /^is not a valid host name$/,
      "Vault.example.com": /^is not a valid host name$/,
      [`${"x".repeat(53)}.example.com`]:
        /^is longer than 64 characters, the limit of a certificate/,
    },
  ],
  hostedZoneId: [
    "HOSTED_ZONE_ID",
    HOSTED_ZONE_ID,
    HOSTED_ZONE_ID,
    { "/hostedzone/Z0123456789": /^is not a valid hosted zone ID$/ },
  ],
  webAcl: ["WEB_ACL", "false", false, { maybe: /must be true or false/ }],
  requestLimit: ["REQUEST_LIMIT", "1000", 1000, { 9: RATE }],
  decryptLimit: ["DECRYPT_LIMIT", "1000", 1000, { 9: RATE }],
  reputationLimit: ["REPUTATION_LIMIT", "10", 10, { 9: RATE }],
});

test("removes duplicate ranges, because a security group rejects duplicate rules", () => {
  const { allowedCidrs } = settingsOf({
    ALLOWED_CIDRS: "203.0.113.0/24,10.0.0.0/8,203.0.113.0/24",
  });
  expect(allowedCidrs).toEqual(["203.0.113.0/24", "10.0.0.0/8"]);
});

test("rejects a domain without a hosted zone", () => {
  expect(issuesOf({ DOMAIN_NAME })).toMatchObject([
    {
      variable: "CIPHERWATCH_HOSTED_ZONE_ID",
      message: "must be set if CIPHERWATCH_DOMAIN_NAME is: TLS needs the domain's hosted zone",
    },
  ]);
});

test("rejects a hosted zone without a domain", () => {
  expect(issuesOf({ HOSTED_ZONE_ID })).toMatchObject([
    {
      variable: "CIPHERWATCH_DOMAIN_NAME",
      message: "must be set if CIPHERWATCH_HOSTED_ZONE_ID is",
    },
  ]);
});

test.each(["0.0.0.0/0", "203.0.113.0/24,128.0.0.0/1", "0.0.0.0/7"])(
  "rejects %s without TLS",
  (ALLOWED_CIDRS) => {
    expect(issuesOf({ ALLOWED_CIDRS })).toMatchObject([
      {
        variable: "CIPHERWATCH_ALLOWED_CIDRS",
        received: ALLOWED_CIDRS,
        message: "allows too many addresses to send secrets without TLS",
      },
    ]);
  },
);

test("accepts any address with TLS", () => {
  const { allowedCidrs } = settingsOf({ DOMAIN_NAME, HOSTED_ZONE_ID, ALLOWED_CIDRS: "0.0.0.0/0" });
  expect(allowedCidrs).toEqual(["0.0.0.0/0"]);
});

test.each(["DECRYPT_LIMIT", "REPUTATION_LIMIT"])(
  "rejects %s above CIPHERWATCH_REQUEST_LIMIT",
  (name) => {
    expect(issuesOf({ [name]: "2001" })).toMatchObject([
      {
        variable: `CIPHERWATCH_${name}`,
        received: "2001",
        message: "must not exceed CIPHERWATCH_REQUEST_LIMIT, which would apply first",
      },
    ]);
  },
);

test("requires a web ACL in prod", () => {
  expect(issuesOf({ ENV: "prod", WEB_ACL: "false" })).toMatchObject([
    { variable: "CIPHERWATCH_WEB_ACL", message: "must be true in prod" },
  ]);
});
