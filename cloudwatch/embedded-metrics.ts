import { z } from "zod";
import { type MetricDatum, statisticSet } from "./metric.ts";

/** The metrics that a log event in embedded metric format publishes, or why it is invalid. */
export type EmbeddedMetrics =
  | { readonly data: readonly MetricDatum[] }
  | { readonly invalid: string };

const MAX_VALUES = 100;
const MAX_METRICS = 100;
const MAX_DIMENSIONS = 30;

const Name = z.string().min(1).max(1024);

const Document = z.object({
  _aws: z.object({
    Timestamp: z.number().int().nonnegative(),
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: Name,
        Dimensions: z.array(z.array(Name).max(MAX_DIMENSIONS)),
        Metrics: z
          .array(
            z.object({
              Name,
              Unit: z.string().default("None"),
              StorageResolution: z.union([z.literal(1), z.literal(60)]).default(60),
            }),
          )
          .max(MAX_METRICS),
      }),
    ),
  }),
});

/** The root member that a metric refers to. */
const MetricValues = z.union([z.number(), z.array(z.number()).min(1).max(MAX_VALUES)]);

/**
 * Parses a log event in embedded metric format. A document that violates the specification publishes
 * nothing at all.
 * @returns `undefined` for a log event that is not in the format
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function parseEmbeddedMetrics(message: string): EmbeddedMetrics | undefined {
  const root = parseDocument(message);
  if (root === undefined) return undefined;
  const document = Document.safeParse(root);
  if (!document.success) return { invalid: z.prettifyError(document.error) };
  const { Timestamp, CloudWatchMetrics } = document.data._aws;
  const data: MetricDatum[] = [];
  for (const directive of CloudWatchMetrics) {
    for (const metric of directive.Metrics) {
      const parsed = MetricValues.safeParse(root[metric.Name]);
      if (!parsed.success) {
        return {
          invalid: `The metric ${metric.Name} must be a number or an array of 1 to ${MAX_VALUES} numbers in the document's root.`,
        };
      }
      const values = typeof parsed.data === "number" ? [parsed.data] : parsed.data;
      for (const names of directive.Dimensions) {
        const dimensions: Record<string, string> = {};
        for (const name of names) {
          const value = root[name];
          if (typeof value !== "string" || value === "") {
            return {
              invalid: `The dimension ${name} must be a non-empty string in the document's root.`,
            };
          }
          dimensions[name] = value;
        }
        data.push({
          namespace: directive.Namespace,
          name: metric.Name,
          dimensions,
          timestamp: Timestamp,
          unit: metric.Unit,
          highResolution: metric.StorageResolution === 1,
          ...statisticSet(values),
        });
      }
    }
  }
  return { data };
}

/**
 * Returns a log event with the timestamp of its embedded metrics replaced; any other message unchanged.
 * Use it for a process that reads the system clock while the ingesting side runs on a simulated one.
 * @param timestamp milliseconds since the epoch
 */
export function replaceEmbeddedTimestamp(message: string, timestamp: number): string {
  const root = parseDocument(message);
  if (root === undefined) return message;
  return JSON.stringify({ ...root, _aws: { ...root._aws, Timestamp: timestamp } });
}

function parseDocument(
  message: string,
): (Readonly<Record<string, unknown>> & { readonly _aws: object }) | undefined {
  if (!message.includes('"_aws"')) return undefined;
  let root: unknown;
  try {
    root = JSON.parse(message);
  } catch {
    return undefined;
  }
  const schema = z.looseObject({ _aws: z.looseObject({ CloudWatchMetrics: z.unknown() }) });
  const { success, data } = schema.safeParse(root);
  return success && data._aws.CloudWatchMetrics !== undefined ? data : undefined;
}
