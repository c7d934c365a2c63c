import { isContainer } from "./json.ts";
import { maskChange, SENSITIVE } from "./masking.ts";
import type { PlanJson } from "./plan-json.ts";

/**
 * Reduces a plan to what Snyk scans. The job with Snyk's token has no access to AWS and receives the plan as
 * an artifact, which every reader of the repository can download. So this removes state, variables and
 * outputs, and masks sensitive values, account ids and email addresses.
 */
export function scannablePlan(plan: PlanJson): unknown {
  const { format_version, terraform_version, resource_changes } = plan;
  const planned = isContainer(plan.planned_values) ? plan.planned_values : {};
  return anonymous({
    format_version,
    terraform_version,
    planned_values: { root_module: withoutSensitive(planned.root_module) },
    resource_changes: resource_changes
      .filter(({ mode }) => mode === "managed")
      .map(({ change, ...resource }) => ({
        ...resource,
        change: {
          actions: change.actions,
          before: null,
          after: maskChange(change).after,
          after_unknown: change.after_unknown,
        },
      })),
    configuration: withoutConstants(plan.configuration),
  });
}

/**
 * Keeps the resources and their references. Removes providers, variables, outputs and every literal, since
 * Terraform does not mark sensitive ones here; the literals of resources remain in their values, masked.
 */
function withoutConstants(configuration: unknown): unknown {
  if (!isContainer(configuration) || !isContainer(configuration.root_module)) return {};
  const { resources } = configuration.root_module;
  const text = JSON.stringify({ root_module: { resources: resources ?? [] } });
  return JSON.parse(text, (key, value) => (key === "constant_value" ? undefined : value));
}

/** Masks sensitive values of the managed resources of a module. */
function withoutSensitive(module: unknown): unknown {
  if (!isContainer(module)) return module;
  const resources = Array.isArray(module.resources) ? module.resources : [];
  return {
    ...module,
    resources: resources
      .filter((resource) => resource.mode === "managed")
      .map(({ sensitive_values, ...resource }) => ({
        ...resource,
        values: maskChange({
          actions: ["create"],
          after: resource.values,
          after_sensitive: sensitive_values,
        }).after,
      })),
  };
}

const ACCOUNT_ID = /(?<![0-9a-f-])\d{12}(?![0-9a-f-])/g;
const EMAIL = /[\w.+-]+@[\w-]+(\.[\w-]+)+/g;

/** AWS's placeholder account, which keeps ARNs valid. */
const NO_ACCOUNT = "111122223333";

function anonymous(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replace(/\(sensitive value \d+\)/g, SENSITIVE)
    .replace(ACCOUNT_ID, NO_ACCOUNT)
    .replace(EMAIL, "someone@example.com");
  return JSON.parse(text);
}
