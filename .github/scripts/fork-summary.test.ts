import { expect, test } from "vitest";
import { forkSummary } from "./fork-summary.ts";

test("explains to a fork's author why there is no plan and what a maintainer can do", () => {
  const text = forkSummary("mallory", "mallory/cipherwatch", "example-org/cipherwatch");
  expect(text).toMatch(/comes from mallory\/cipherwatch.*no secrets and no access to AWS/);
  expect(text).toMatch(/maintainer.*branch of example-org\/cipherwatch/);
});

test("explains why a pull request by Dependabot is not planned", () => {
  const here = "example-org/cipherwatch";
  expect(forkSummary("dependabot[bot]", here, here)).toMatch(
    /opened by dependabot\[bot\], and GitHub passes no secrets to its runs/,
  );
});
