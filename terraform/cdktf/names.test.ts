import { DataResource, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { expect, test } from "vitest";
import { constructAddress, isCrossStackOutput, remoteStateStacks } from "./names.ts";
import { synthesizeApp } from "./synthesize.ts";

/** Two stacks: `consumer` reads the id of a nested resource of `the-producer`. */
const stacks = synthesizeApp((app) => {
  const producer = new TerraformStack(app, "the-producer");
  const nested = new DataResource(new Construct(producer, "Nested"), "Data");
  new DataResource(new TerraformStack(app, "consumer"), "Copy", { input: { id: nested.id } });
});
const [name] = Object.keys(stacks.get("the-producer")?.resource?.terraform_data ?? {});

test("removes the hash of a nested construct, and leaves other addresses unchanged", () => {
  expect(name).toMatch(/^Nested_Data_./);
  expect(constructAddress(`x/terraform_data.${name}`)).toBe("x/terraform_data.Nested_Data");
  expect(constructAddress(`x/terraform_data.${name} input`)).toBe(
    "x/terraform_data.Nested_Data input",
  );
  expect(constructAddress("x/terraform_data.Copy")).toBe("x/terraform_data.Copy");
});

test("finds the stack that a cross-stack reference reads", () => {
  const reference = stacks.get("consumer")?.resource?.terraform_data?.Copy?.input;
  expect(remoteStateStacks(JSON.stringify(reference))).toEqual(["the-producer"]);
  expect(remoteStateStacks("${terraform_data.Copy.id}")).toEqual([]);
});

test("recognizes outputs that exist for other stacks", () => {
  const outputs = Object.keys(stacks.get("the-producer")?.output ?? {});
  expect(outputs.map(isCrossStackOutput)).toEqual([true]);
  expect(isCrossStackOutput("KeyArn")).toBe(false);
});
