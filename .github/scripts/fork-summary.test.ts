import { expect, test } from "vitest";
import { forkSummary } from "./fork-summary.ts";

test("a fork's author is told why there is no plan, and what a maintainer does", () => {
  const text = forkSummary("mallory", "mallory/cipherwatch", "example-org/cipherwatch");
  expect(text).toMatch(/comes from mallory\/cipherwatch.*no secrets and no access to AWS/);
  expect(text).toMatch(/maintainer.*branch of example-org\/cipherwatch/);
});

test("so is whoever reads a pull request of Dependabot", () => {
  const here = "example-org/cipherwatch";
  expect(forkSummary("dependabot[bot]", here, here)).toMatch(
    /dependabot\[bot\]'s, whose runs get no secrets/,
  );
});
