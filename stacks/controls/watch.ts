import type { Stacks } from "../../terraform/json.ts";
import {
  type ConfiguredResource,
  resourcesOf,
  withoutResource,
  withResource,
} from "../../terraform/resources.ts";
import type { Finding } from "./finding.ts";
import type { Rule } from "./rule.ts";
import { type Values, valuesAt } from "./values.ts";
import { UNRESOLVABLE } from "./wanted.ts";

export const FILTER = "aws_cloudwatch_log_metric_filter";
export const ALARM = "aws_cloudwatch_metric_alarm";

/** A metric filter that must be there, with an alarm on what it counts. */
export interface Watch {
  /** Of the finding where there is none. */
  readonly name: string;
  readonly matches: (pattern: string) => boolean;
}

function metricOf(values: Values, path: string): string {
  return JSON.stringify(valuesAt(values, path));
}

function isCounted({ values }: ConfiguredResource, stacks: Stacks): boolean {
  const wanted = ["metric_transformation.namespace", "metric_transformation.name"];
  const [namespace, name] = wanted.map((path) => metricOf(values, path));
  return resourcesOf(stacks, ALARM).some(
    (alarm) =>
      metricOf(alarm.values, "namespace") === namespace &&
      metricOf(alarm.values, "metric_name") === name,
  );
}

/** Each has a metric filter whose metric has an alarm. */
export function watched(watches: readonly Watch[]): Rule {
  return {
    types: [FILTER, ALARM],
    check: (stacks) => {
      const filters = resourcesOf(stacks, FILTER).filter((filter) => isCounted(filter, stacks));
      return watches
        .filter(({ matches }) => !filters.some(({ values }) => matches(String(values.pattern))))
        .map(
          ({ name }): Finding => ({
            address: name,
            attribute: FILTER,
            problem: "nothing counts and tells it",
          }),
        );
    },
    examples: [
      ...watches.map(({ name, matches }) => ({
        title: `no filter for ${name}`,
        broken: (stacks: Stacks) => [
          {
            address: name,
            stacks: resourcesOf(stacks, FILTER)
              .filter(({ values }) => matches(String(values.pattern)))
              .reduce(withoutResource, stacks),
          },
        ],
      })),
      {
        title: "filters with unknown patterns",
        broken: (stacks) => {
          const unknown = resourcesOf(stacks, FILTER).reduce(
            (changed, filter) =>
              withResource(changed, {
                ...filter,
                values: { ...filter.values, pattern: UNRESOLVABLE },
              }),
            stacks,
          );
          return watches.map(({ name }) => ({ address: name, stacks: unknown }));
        },
      },
      {
        title: "no alarms",
        broken: (stacks) => {
          const silent = resourcesOf(stacks, ALARM).reduce(withoutResource, stacks);
          return watches.map(({ name }) => ({ address: name, stacks: silent }));
        },
      },
    ],
  };
}

/** Every one of the API calls is told, by a filter that names it. */
export function watchOver(...calls: readonly string[]): Rule {
  return watched(calls.map((name) => ({ name, matches: (pattern) => pattern.includes(name) })));
}
