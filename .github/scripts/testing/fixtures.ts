import { readFileSync } from "node:fs";
import { type PlanJson, parsePlan } from "../plan/plan-json.ts";

const folder = new URL("../fixtures/", import.meta.url);

/** Reads a plan or a Terraform error of this project's stacks; see fixtures/README.md. */
export function fixture(name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

export function planFixture(name: string): PlanJson {
  return parsePlan(fixture(`${name}.json`), name);
}

/** Matches the secret in the plan `sensitive`, which no output may contain. */
export const CANARY = /canary-4f1d7c/;
