import { readFileSync } from "node:fs";
import { type PlanJson, parsePlan } from "../plan/plan-json.ts";

const folder = new URL("../fixtures/", import.meta.url);

/** A plan or an error of Terraform's about this project's stacks; README.md there says of which. */
export function fixture(name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

export function planFixture(name: string): PlanJson {
  return parsePlan(fixture(`${name}.json`), name);
}

/** A text of the secret in the plan `sensitive`, which no output may ever have. */
export const CANARY = /canary-4f1d7c/;
