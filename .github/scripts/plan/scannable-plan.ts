import { isContainer } from "./json.ts";
import type { PlanJson } from "./plan-json.ts";
import { maskSensitive } from "./sensitive.ts";

/**
 * A plan as Snyk gets it: what the stack will be, without what it is. The job that holds Snyk's token
 * has no access to AWS, so the plan goes to it as an artifact, which every reader of the repository can
 * fetch. State, variables and outputs stay out; sensitive values, account ids and addresses of people
 * are maskSensitive.
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
          after: maskSensitive(change.after, change.after_sensitive),
          after_unknown: change.after_unknown,
        },
      })),
    configuration: withoutVariables(plan.configuration),
  });
}

/** A variable's default may be a secret; what it comes to stands in the values, maskSensitive. */
function withoutVariables(configuration: unknown): unknown {
  if (!isContainer(configuration) || !isContainer(configuration.root_module)) return configuration;
  const { variables, ...module } = configuration.root_module;
  return { ...configuration, root_module: module };
}

/** A module's resources carry beside their values which of them are sensitive. */
function withoutSensitive(module: unknown): unknown {
  if (!isContainer(module)) return module;
  const resources = Array.isArray(module.resources) ? module.resources : [];
  return {
    ...module,
    resources: resources
      .filter((resource) => resource.mode === "managed")
      .map(({ sensitive_values, ...resource }) => ({
        ...resource,
        values: maskSensitive(resource.values, sensitive_values),
      })),
  };
}

const ACCOUNT_ID = /(?<![0-9a-f-])\d{12}(?![0-9a-f-])/g;
const EMAIL = /[\w.+-]+@[\w-]+(\.[\w-]+)+/g;

/** AWS's own placeholder, so that ARNs stay ARNs. */
const NO_ACCOUNT = "111122223333";

function anonymous(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replace(ACCOUNT_ID, NO_ACCOUNT)
    .replace(EMAIL, "someone@example.com");
  return JSON.parse(text);
}
