import { DataResource, LocalBackend, TerraformStack } from "cdktf";
import { expect, test } from "vitest";
import type { Block } from "../json.ts";
import { synthesizeApp } from "./synthesize.ts";

test("turns a reference across stacks into an output and a remote state", () => {
  const stacks = synthesizeApp((app) => {
    const producer = new TerraformStack(app, "producer");
    new LocalBackend(producer, { path: "../../../tfstate/dev/producer.tfstate" });
    const data = new DataResource(producer, "Data");
    new DataResource(new TerraformStack(app, "consumer"), "Copy", { input: { id: data.id } });
  });
  const consumer = stacks.get("consumer");
  const reference = /^\$\{data\.terraform_remote_state\.(.+)\.outputs\.(.+)\}$/;
  const input = consumer?.resource?.terraform_data?.Copy?.input as Block;
  const [, state = "", output = ""] = reference.exec(String(input.id)) ?? [];
  expect(consumer?.data?.terraform_remote_state?.[state]).toMatchObject({
    backend: "local",
    config: { path: "../../../tfstate/dev/producer.tfstate" },
  });
  expect(stacks.get("producer")?.output?.[output]).toMatchObject({
    value: "${terraform_data.Data.id}",
  });
});
