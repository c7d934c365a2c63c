import { expect, test } from "vitest";
import { connectionsOfInstanceClass } from "./database-connections.ts";

test.each([
  ["db.t4g.micro", 74],
  ["db.t4g.small", 158],
  ["db.t4g.medium", 327],
  ["db.m7g.large", 665],
  ["db.m7g.xlarge", 1_341],
  ["db.r8g.large", 1_341],
  ["db.c6gd.medium", 158],
  ["db.x2g.large", 2_693],
  ["db.m7g.16xlarge", 4_990],
  ["db.q1.large", 327],
])("leaves services of %s %i connections", (instanceClass, connections) => {
  expect(connectionsOfInstanceClass(instanceClass)).toBe(connections);
});
