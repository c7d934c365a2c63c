import { TerraformStack } from "cdktf";
import { afterEach, expect, it, vi } from "vitest";
import { synthStack } from "../../terraform/cdktf/synthesize.ts";
import { terraformData } from "./terraform-data.ts";

afterEach(() => vi.unstubAllEnvs());

it("is synthesized without Terraform on the PATH", () => {
  vi.stubEnv("PATH", "/nonexistent");
  const { resource } = synthStack((app) => {
    const stack = new TerraformStack(app, "stack");
    terraformData(stack, "Data", { input: { a: 1 }, lifecycle: { ignoreChanges: ["input"] } });
    return stack;
  });
  expect(resource).toEqual({
    terraform_data: { Data: { input: { a: 1 }, lifecycle: { ignore_changes: ["input"] } } },
  });
});
