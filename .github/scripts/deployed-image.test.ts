import { expect, test } from "vitest";
import { imageInState } from "./deployed-image.ts";

const DIGEST = `sha256:${"1".repeat(64)}`;
const state = (...images: readonly string[]) =>
  JSON.stringify({
    format_version: "1.0",
    values: {
      root_module: {
        resources: [
          { type: "aws_ecs_cluster", values: { name: "c" } },
          {
            type: "aws_ecs_task_definition",
            values: { container_definitions: JSON.stringify(images.map((image) => ({ image }))) },
          },
        ],
      },
    },
  });

test("reads the image from the task definition in the state", () => {
  expect(imageInState(state(`r@${DIGEST}`, `r@${DIGEST}`))).toBe(DIGEST);
});

test.each([
  ["an empty state", JSON.stringify({ format_version: "1.0" })],
  ["a state without images", state()],
  ["an image by a tag", state("r:latest")],
  ["two images", state(`r@${DIGEST}`, `r@sha256:${"2".repeat(64)}`)],
])("%s has none to go by", (_, text) => {
  expect(() => imageInState(text)).toThrow(/must name exactly one image by digest/);
});
