import { expect, test } from "vitest";
import { settingsOf } from "../settings/testing.ts";
import { notices } from "./notices.ts";

const IMAGE = { IMAGE_DIGEST: `sha256:${"1".repeat(64)}` };
const RANGES = { ALLOWED_CIDRS: "203.0.113.0/24" };
const DOMAIN = { DOMAIN_NAME: "vault.example.com", HOSTED_ZONE_ID: "Z0123456789" };

test("without an image the service is left out, and what to do next is said", () => {
  const [notice, ...more] = notices(settingsOf({ ...RANGES, ...DOMAIN }));
  expect(notice).toMatch(/service is left out.+CIPHERWATCH_IMAGE_DIGEST.+push the image/);
  expect(more).toEqual([]);
});

test("without address ranges nobody is admitted, with or without TLS", () => {
  expect(notices(settingsOf(IMAGE))).toEqual([expect.stringMatching(/^Nobody .+ALLOWED_CIDRS/)]);
  expect(notices(settingsOf({ ...IMAGE, ...DOMAIN }))).toEqual([
    expect.stringMatching(/^Nobody .+ALLOWED_CIDRS/),
  ]);
});

test("without a domain secrets travel unencrypted", () => {
  expect(notices(settingsOf({ ...IMAGE, ...RANGES }))).toEqual([
    expect.stringMatching(/unencrypted.+CIPHERWATCH_DOMAIN_NAME.+CIPHERWATCH_HOSTED_ZONE_ID/),
  ]);
});

test("with image, ranges and domain there is nothing to say", () => {
  expect(notices(settingsOf({ ...IMAGE, ...RANGES, ...DOMAIN }))).toEqual([]);
});
