import type { Stacks } from "../../terraform/json.ts";
import {
  type ConfiguredResource,
  resourcesOf,
  withoutResource,
  withResource,
} from "../../terraform/resources.ts";
import { valuesAt } from "../../terraform/values.ts";
import type { Check } from "./check.ts";
import type { Violation } from "./finding.ts";
import { UNRESOLVABLE } from "./matchers.ts";

export const FILTER = "aws_cloudwatch_log_metric_filter";
export const ALARM = "aws_cloudwatch_metric_alarm";

/** Something that a metric filter must count. */
export interface FilterRequirement {
  /** Address of the finding if no filter matches. */
  readonly name: string;
  readonly matches: (pattern: string) => boolean;
}

/** Every requirement has a metric filter, and its metric an alarm. */
export function hasAlarms(requirements: readonly FilterRequirement[]): Check {
  return {
    types: [FILTER, ALARM],
    run: (stacks) => {
      const filters = resourcesOf(stacks, FILTER).filter((filter) => hasAlarm(filter, stacks));
      return requirements
        .filter(({ matches }) => !filters.some(({ values }) => matches(String(values.pattern))))
        .map(({ name }) => ({
          address: name,
          attribute: FILTER,
          problem: "no metric filter with an alarm matches it",
        }));
    },
    violations: [
      ...requirements.map(({ name, matches }) => ({
        title: `no metric filter for ${name}`,
        apply: (stacks: Stacks) => [
          {
            address: name,
            stacks: resourcesOf(stacks, FILTER)
              .filter(({ values }) => matches(String(values.pattern)))
              .reduce(withoutResource, stacks),
          },
        ],
      })),
      violation("metric filters with unknown patterns", requirements, FILTER, (stacks, filter) =>
        withResource(stacks, { ...filter, values: { ...filter.values, pattern: UNRESOLVABLE } }),
      ),
      violation("no alarms", requirements, ALARM, withoutResource),
    ],
  };
}

/** API calls each have a metric filter that names them, with an alarm. */
export function alarmsOn(...calls: readonly string[]): Check {
  return hasAlarms(calls.map((name) => ({ name, matches: (pattern) => pattern.includes(name) })));
}

function violation(
  title: string,
  requirements: readonly FilterRequirement[],
  type: string,
  change: (stacks: Stacks, resource: ConfiguredResource) => Stacks,
): Violation {
  return {
    title,
    apply: (stacks) => {
      const broken = resourcesOf(stacks, type).reduce(change, stacks);
      return requirements.map(({ name }) => ({ address: name, stacks: broken }));
    },
  };
}

function hasAlarm({ values }: ConfiguredResource, stacks: Stacks): boolean {
  const [namespace] = valuesAt(values, "metric_transformation.namespace");
  const [name] = valuesAt(values, "metric_transformation.name");
  return resourcesOf(stacks, ALARM).some(
    (alarm) => alarm.values.namespace === namespace && alarm.values.metric_name === name,
  );
}
