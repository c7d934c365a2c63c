import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { decodeText } from "../../common/text-encoding.ts";
import { STANDARD_INPUT } from "../read/chunks.ts";
import { readTemplate } from "./cloudformation.ts";
import type { Template } from "./cloudformation-template.ts";
import { parseText } from "./parse-text.ts";
import { type FileResource, isObject } from "./resource.ts";
import { type PlanFile, readPlan } from "./terraform-plan.ts";
import {
  readShownState,
  readStateFile,
  type ShownState,
  type StateFile,
} from "./terraform-state.ts";

const ALLOWED =
  "Allowed: the output of `terraform show -json` for a plan or a state, a terraform.tfstate file, and a " +
  "CloudFormation template in JSON or YAML, such as those in cdk.out.";

/**
 * Reads the metric filters and alarms of a Terraform plan or state, or of a CloudFormation template.
 * @param file a path, or `-` for standard input
 * @throws Error naming the file, with the formats allowed
 */
export function readAlarmFile(file: string): readonly FileResource[] {
  const name = file === STANDARD_INPUT ? "standard input" : file;
  const content = parse(file, name);
  if (isObject(content)) {
    if (isObject(content.planned_values)) {
      if (content.errored === true)
        throw new Error(
          `${name} is the plan of a run that failed. Correct the error, and plan again.`,
        );
      if (content.complete === false)
        throw new Error(
          `${name} is an incomplete plan, so filters or alarms may be missing. Plan without -target.`,
        );
      return readPlan(content as unknown as PlanFile);
    }
    if (isObject(content.values) || (content.format_version && content.terraform_version))
      return readShownState(content as unknown as ShownState);
    if (content.version === 4 && Array.isArray(content.resources))
      return readStateFile(content as unknown as StateFile);
    if (isObject(content.Resources)) {
      const folder = file === STANDARD_INPUT ? "." : dirname(file);
      return readTemplate(content as unknown as Template, { folder });
    }
  }
  throw new Error(`${name} is not a plan, a state or a template. ${ALLOWED}`);
}

function parse(file: string, name: string): unknown {
  let text: string;
  try {
    text = decodeText(readFileSync(file === STANDARD_INPUT ? 0 : file));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`Cannot read ${name}: ${reason}. ${ALLOWED}`, { cause });
  }
  if (text.trim() === "") {
    throw new Error(`${name} is empty; repeat the command that wrote it. ${ALLOWED}`);
  }
  if (text.startsWith("PK")) {
    throw new Error(
      `${name} is a saved plan in Terraform's own format. Convert it: terraform show -json ${file} > plan.json`,
    );
  }
  return parseText(text, name, ALLOWED);
}
