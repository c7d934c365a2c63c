import { expect, test } from "vitest";
import { settings } from "./ingress.ts";
import { problemsOf, settingsOf, testSettings } from "./testing.ts";

const DOMAIN_NAME = "vault.example.com";
const HOSTED_ZONE_ID = "Z0123456789";

testSettings(settings, {
  allowedCidrs: [
    "ALLOWED_CIDRS",
    "203.0.113.0/24, 198.51.100.7/32",
    ["203.0.113.0/24", "198.51.100.7/32"],
    {
      "203.0.113.0/24,300.1.1.0/24": /"300\.1\.1\.0\/24" is no IPv4/,
      "203.0.113.9/24": /the range is 203\.0\.113\.0\/24/,
    },
  ],
  domainName: [
    "DOMAIN_NAME",
    DOMAIN_NAME,
    DOMAIN_NAME,
    {
      "https://vault.example.com": /name of a host/,
      "Vault.example.com": /name of a host/,
    },
  ],
  hostedZoneId: [
    "HOSTED_ZONE_ID",
    HOSTED_ZONE_ID,
    HOSTED_ZONE_ID,
    { "/hostedzone/Z0123456789": /hosted zone/ },
  ],
  requestLimit: ["REQUEST_LIMIT", "1000", 1000, { 9: /number/ }],
  decryptLimit: ["DECRYPT_LIMIT", "1000", 1000, { 9: /number/ }],
  reputationLimit: ["REPUTATION_LIMIT", "10", 10, { 9: /number/ }],
});

test("TLS without a zone is refused", () => {
  expect(problemsOf({ DOMAIN_NAME })).toMatchObject([
    {
      variable: "CIPHERWATCH_HOSTED_ZONE_ID",
      wrong: "TLS for the domain needs the zone that the domain is in",
    },
  ]);
});

test("a zone without a domain is refused", () => {
  expect(problemsOf({ HOSTED_ZONE_ID })).toMatchObject([
    { variable: "CIPHERWATCH_DOMAIN_NAME", wrong: "a zone without a domain in it is of no use" },
  ]);
});

test.each(["0.0.0.0/0", "203.0.113.0/24,128.0.0.0/1", "0.0.0.0/7"])(
  "%s without TLS is refused",
  (ALLOWED_CIDRS) => {
    expect(problemsOf({ ALLOWED_CIDRS })).toMatchObject([
      {
        variable: "CIPHERWATCH_ALLOWED_CIDRS",
        received: ALLOWED_CIDRS,
        wrong: "so many addresses may not send secrets without TLS",
      },
    ]);
  },
);

test("with TLS everybody may be admitted", () => {
  const everybody = settingsOf({ DOMAIN_NAME, HOSTED_ZONE_ID, ALLOWED_CIDRS: "0.0.0.0/0" });
  expect(everybody.allowedCidrs).toEqual(["0.0.0.0/0"]);
});

test.each(["DECRYPT_LIMIT", "REPUTATION_LIMIT"])(
  "%s above the limit for everything is refused",
  (name) => {
    expect(problemsOf({ [name]: "2001" })).toMatchObject([
      { variable: `CIPHERWATCH_${name}`, received: "2001", wrong: "it would never be reached" },
    ]);
  },
);
