import { describe, expect, test } from "vitest";
import { inOrder, simulate, sourcesOf } from "./graph.ts";
import { readWorkflow, workflowSources } from "./workflow.ts";

describe("graph", () => {
  const { workflow } = readWorkflow(
    ...(workflowSources.find(([name]) => name === "deploy.yml") as [string, string]),
  );

  test("orders each job after the jobs it needs", () => {
    const order = inOrder(workflow.jobs);
    expect([...order].sort()).toEqual(Object.keys(workflow.jobs).sort());
    for (const [name, { needs }] of Object.entries(workflow.jobs)) {
      for (const needed of needs) expect(order.indexOf(needed)).toBeLessThan(order.indexOf(name));
    }
  });

  test("skips the jobs after a failure", () => {
    const contexts = { github: { ref: "refs/heads/main" }, vars: { ENVIRONMENTS: '["dev"]' } };
    expect(Object.fromEntries(simulate(workflow, contexts, ["scan"]))).toEqual({
      check: "success",
      source: "success",
      build: "success",
      scan: "failure",
      plan: "success",
      "scan-plans": "success",
      deploy: "skipped",
      stopped: "success",
      monitor: "skipped",
      replan: "skipped",
      "by-hand": "skipped",
    });
  });

  test("traces a value through the outputs of needed jobs", () => {
    const { jobs } = workflow;
    expect(sourcesOf("${{ needs.scan.outputs.digest }}", "deploy", jobs)).toEqual([
      "scan: image-digest.ts",
    ]);
    expect(sourcesOf("${{ needs.scan.outputs.digest }}", "build", jobs)).toEqual([]);
    expect(sourcesOf("main", "deploy", jobs)).toEqual([]);
  });
});
