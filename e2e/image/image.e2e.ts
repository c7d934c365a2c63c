import { afterAll, beforeAll, describe } from "vitest";
import { type BuiltImage, buildImage } from "./built-image.ts";
import { testContainer } from "./container-tests.ts";
import { testContents } from "./contents-tests.ts";
import { testTask } from "./task-tests.ts";

let image: BuiltImage;

beforeAll(async () => {
  image = await buildImage();
}, 20 * 60_000);

afterAll(async () => {
  await image?.remove();
});

// The image is built once for all tests.
describe("the image", () => testContents(() => image));
describe("a container of the image", () => testContainer(() => image));
describe("a task with PostgreSQL and the lab's AWS endpoint", () => testTask(() => image));
