import { expect, it } from "vitest";
import { synthesizedDetections } from "../replay/detections/synthesized.ts";
import { snapshotDetections } from "./detections.ts";
import { alarmsSnapshot } from "./snapshot.ts";

/** Replaces the ids that AWS assigns, for which a replay uses placeholders that depend on the account. */
const withoutIds = (value: object) =>
  JSON.parse(
    JSON.stringify(value).replaceAll(
      /\bsg-\w+|\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/g,
      "id",
    ),
  );

it.each([
  ["the default account", {}],
  [
    "another account and Region",
    {
      roleArn: "arn:aws:iam::444455556666:role/vault",
      keyArn: "arn:aws:kms:us-east-1:444455556666:key/1f6c8e0a-3b52-4d77-9a41-0c2e5d8b7f63",
    },
  ],
])("the package replays the detections of the stacks in %s", (_, bound) => {
  const own = synthesizedDetections({}, bound);
  const packaged = snapshotDetections(alarmsSnapshot(), bound);
  expect(packaged.detections.filters.length).toBeGreaterThan(20);
  expect(withoutIds(packaged)).toEqual(withoutIds(own));
});
