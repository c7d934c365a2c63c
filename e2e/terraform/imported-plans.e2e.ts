import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type ImportedAlarms, importAlarms } from "../../replay/imported/alarms.ts";
import { type PlanFile, readPlan } from "../../replay/imported/terraform-plan.ts";
import { planFile, planShape, SHAPES } from "../../replay/testing/plan-fixtures.ts";
import { providerSource } from "./provider.ts";

const folder = mkdtempSync(join(tmpdir(), "cipherwatch-imported-plans-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(SHAPES)(
  "reads the plan that Terraform makes of %s like the committed plan",
  async (shape) => {
    // Without the functions of metric math, which are never equal.
    const alarms = (plan: string) =>
      JSON.parse(
        JSON.stringify(importAlarms(readPlan(JSON.parse(plan) as PlanFile))),
      ) as ImportedAlarms;
    const planned = alarms(await planShape(shape, providerSource(folder).env));
    expect(planned.alarms.length).toBeGreaterThan(0);
    expect(planned).toEqual(alarms(readFileSync(planFile(shape), "utf8")));
  },
);
