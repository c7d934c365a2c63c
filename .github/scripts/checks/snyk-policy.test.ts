import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

/** https://docs.snyk.io/manage-risk/policies/the-.snyk-file */
const policy = z.strictObject({
  version: z.string().regex(/^v1\.\d+\.\d+$/),
  ignore: z.record(
    z.string(),
    z.array(
      z.record(
        z.string(),
        z.strictObject({
          reason: z.string().min(20),
          expires: z.iso.datetime(),
          created: z.iso.datetime().optional(),
        }),
      ),
    ),
  ),
  patch: z.record(z.string(), z.unknown()),
});

test("requires a reason and an expiry date for each ignored finding", () => {
  const text = readFileSync(new URL("../../../.snyk", import.meta.url), "utf8");
  expect(policy.parse(parse(text))).toBeDefined();
});

test.each([
  ["no reason", { expires: "2027-01-31T00:00:00.000Z" }],
  ["no end", { reason: "Not reachable, since nothing parses such input" }],
])("rejects an ignored finding with %s", (_, ignored) => {
  const ignore = { "SNYK-JS-EXAMPLE-1": [{ "*": ignored }] };
  expect(policy.safeParse({ version: "v1.25.1", ignore, patch: {} }).success).toBe(false);
});
