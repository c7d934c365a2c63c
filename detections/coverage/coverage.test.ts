import { describe, expect, test } from "vitest";
import { matches } from "../../cloudwatch/pattern/matcher.ts";
import { parsePattern } from "../../cloudwatch/pattern/parse.ts";
import type { TrailDetection } from "../detection.ts";
import { exampleScope } from "../example-events.ts";
import { filterPatterns } from "../exclusions.ts";
import { cisPack, detections } from "../index.ts";
import { type CoverageRow, coverageTable, type Evidence } from "./coverage.ts";
import { elastic } from "./elastic.ts";
import { mitre } from "./mitre.ts";
import { panther } from "./panther.ts";
import { reasons } from "./reasons.ts";
import { recordPages } from "./record-pages.ts";
import { resources } from "./resources.ts";
import { sigma } from "./sigma.ts";

const all = [...detections, ...cisPack];

/** Services of events that no example has. */
const SERVICES: readonly (readonly [service: string, events: RegExp])[] = [
  ["s3", /Bucket/],
  ["rds", /DBInstance$/],
  ["iam", /^(CreateRole|DeletePolicy)$/],
  [
    "ec2",
    /^(Create|Delete|Revoke)(Route|NetworkAcl|RouteTable|SecurityGroup|Vpc|SecurityGroupEgress)$/,
  ],
  [
    "elasticloadbalancing",
    /^(SetSecurityGroups|AddListenerCertificates|ModifyLoadBalancerAttributes)$/,
  ],
  ["wafv2", /WebACL$|^DeleteLoggingConfiguration$/],
  ["organizations", /Organization$/],
  ["cloudtrail", /Trail$/],
  ["logs", /LogStream$|AccountPolicy$/],
  ["kms", /Grant$/],
  ["secretsmanager", /Secret(ToRegions)?$/],
  ["ecr", /^(PutImageTagMutability|DeleteLifecyclePolicy)$/],
  ["sns", /Topic$|SubscriptionAttributes$/],
  ["sqs", /Queue(Attributes)?$/],
];

const exampleEvents = all.flatMap((detection) =>
  detection.source === "trail" ? detection.mustFire.map(({ record }) => record) : [],
);

/** Event sources that have an event of the name: GetSecretValue has one, PutDataProtectionPolicy two. */
function sourcesOf(event: string): ReadonlySet<unknown> {
  const known = exampleEvents
    .filter(({ eventName }) => eventName === event)
    .map(({ eventSource }) => eventSource);
  const [service] = SERVICES.find(([, events]) => events.test(event)) ?? [];
  return new Set(known.length > 0 ? known : [`${service}.amazonaws.com`]);
}

/**
 * Whether the detection counts the event: in one of its examples, or in an example of the same service with
 * the name of the event, if the detection's pattern counts such calls whatever their name.
 */
function counts(detection: TrailDetection, event: string): boolean {
  const patterns = filterPatterns(detection, exampleScope).map(parsePattern);
  const sources = sourcesOf(event);
  const exact = detection.mustFire.filter(({ record }) => record.eventName === event);
  const sameService = detection.mustFire.filter(({ record }) => sources.has(record.eventSource));
  return (exact.length > 0 ? exact : sameService).some(({ record }) => {
    const json = JSON.stringify({ ...record, eventName: event });
    return patterns.some((pattern) => matches(pattern, json));
  });
}

function problemWith({ detection: id, event }: Evidence): string | undefined {
  const detection = all.find((candidate) => candidate.id === id);
  if (detection === undefined) return `there is no detection ${id}`;
  const isCounted = detection.source === "trail" ? counts(detection, event) : event === "metric";
  return isCounted ? undefined : `${id} does not count ${event}`;
}

const tables: Readonly<Record<string, readonly CoverageRow[]>> = {
  resources,
  mitre,
  sigma,
  elastic,
  panther,
};

describe.each(Object.entries(tables))("%s", (_, rows) => {
  test("names every row once", () => {
    const names = rows.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("claims only events that the detections count", () => {
    const problems = rows.flatMap((row) =>
      "coveredBy" in row
        ? row.coveredBy.flatMap((evidence) => {
            const problem = problemWith(evidence);
            return problem === undefined ? [] : [`${row.name}: ${problem}`];
          })
        : [],
    );
    expect(problems).toEqual([]);
  });
});

test("detects a claim about another detection's event", () => {
  expect(problemWith({ detection: "trail-change", event: "DeleteAlarms" })).toBe(
    "trail-change does not count DeleteAlarms",
  );
  expect(problemWith({ detection: "no-such-detection", event: "x" })).toMatch(/no detection/);
});

test("uses every reason, and every detection for a resource, a technique or a rule", () => {
  const rows = Object.values(tables).flat();
  const used = new Set(rows.map((row) => ("outOfScope" in row ? row.outOfScope : "")));
  expect(Object.keys(reasons).filter((reason) => !used.has(reason as never))).toEqual([]);
  const covering = new Set(
    rows.flatMap((row) =>
      "coveredBy" in row ? row.coveredBy.map(({ detection }) => detection) : [],
    ),
  );
  const unmentioned = all.map(({ id }) => id).filter((id) => !covering.has(id));
  expect(unmentioned, "name the others in a row of detections/coverage").toEqual([
    "cis-key-disabled",
    "cis-bucket-policy-change",
    "cis-security-group-change",
  ]);
});

test.each([
  ["an unknown reason", "A rule | -nothing", /Unknown reason nothing/],
  ["a detection without an event", "A rule | trail-change", /must be/],
  ["a line without a target", "A rule", /must be/],
])("rejects %s", (_, line, message) => {
  expect(() => coverageTable(line)).toThrow(message);
});

test("names AWS's page on the records of exactly the services whose events are counted", () => {
  const services = detections.flatMap((detection) =>
    detection.source === "trail"
      ? detection.mustFire.map(({ record }) => String(record.eventSource).split(".")[0])
      : [],
  );
  expect(Object.keys(recordPages)).toEqual([...new Set(services)].sort());
});
