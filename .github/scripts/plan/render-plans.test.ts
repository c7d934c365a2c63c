import { describe, expect, test } from "vitest";
import { CANARY, fixture, planFixture } from "../testing/fixtures.ts";
import { changeAction } from "./action.ts";
import { type PlanJson, parsePlan } from "./plan-json.ts";
import { type EnvironmentReport, reportStack, type StackReport } from "./plan-report.ts";
import { COMMENT_CHARACTERS, type PlansToShow, renderPlans } from "./render-plans.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const digest = (digit: string) => digit.repeat(64);

const planned = (stack: string, name: string, readBy: string[] = []): StackReport =>
  reportStack(stack, planFixture(name), { digest: digest("a"), readBy });
const failed = (stack: string): StackReport => ({
  outcome: "failed",
  stack,
  error: fixture("failed.txt"),
});
const waiting = (stack: string, on: string[]): StackReport => ({
  outcome: "waiting",
  stack,
  for: on,
  error: fixture("no-state.txt"),
});

function render(
  stacks: readonly StackReport[],
  more: Partial<PlansToShow> = {},
  limit = COMMENT_CHARACTERS,
) {
  const report: EnvironmentReport = { environment: "dev", commit: COMMIT, stacks: [...stacks] };
  const runUrl = "https://github.com/example-org/cipherwatch/actions/runs/1";
  return renderPlans(
    { environments: [report], missing: [], commit: COMMIT, runUrl, ...more },
    limit,
  );
}

/** The plan that changes a KMS key, with other old and new values. */
function changing(before: Readonly<Record<string, string>>, after: typeof before): PlanJson {
  const plan = planFixture("change");
  return {
    ...plan,
    resource_changes: plan.resource_changes.map(({ change, ...resource }) => ({
      ...resource,
      change: changeAction(change) === undefined ? change : { ...change, before, after },
    })),
  };
}

describe("data loss", () => {
  test("starts the comment with the replaced database and the reason", () => {
    const text = render([planned("kms", "change"), planned("database", "replace-database")]);
    const [first, second, third] = text.split("\n");
    expect(first).toBe("> [!CAUTION]");
    expect(second).toMatch(/^> \*\*Data loss: 1 resource/);
    expect(third).toBe(
      "> - dev: `database` **replaces** `aws_db_instance.Instance`: every record in this database is lost (`storage_encrypted` cannot be changed in place)",
    );
  });

  test("lists a KMS key before a database", () => {
    const text = render([planned("database", "replace-database"), planned("kms", "destroy-key")]);
    const lines = text.split("\n").filter((line) => line.startsWith("> - dev:"));
    expect(lines).toEqual([
      expect.stringMatching(
        /`kms` \*\*destroys\*\* `aws_kms_key\.DataKey_\w+`: everything that it encrypted/,
      ),
      expect.stringMatching(/`database` \*\*replaces\*\*/),
    ]);
  });

  test("lists other destroyed resources below the counts", () => {
    const text = render([planned("kms", "destroy-key")]);
    const counts = text.indexOf("| stack |");
    expect(text.indexOf("> [!WARNING]")).toBeGreaterThan(counts);
    expect(text).toMatch(/> - `kms` destroys `aws_kms_alias\.DataKey_Alias_\w+`/);
  });

  test("starts with the title if nothing is destroyed", () => {
    const text = render([planned("kms", "create")]);
    expect(text).toMatch(/^## Plan of `0123456`/);
    expect(text).not.toMatch(/CAUTION|WARNING/);
  });

  test("lists some of many losses and counts the others", () => {
    const report = planned("database", "replace-database");
    if (report.outcome !== "planned") throw new Error("no plan");
    const [resource] = report.resources;
    if (resource === undefined) throw new Error("no resource");
    const many = Array.from({ length: 300 }, (_, i) => ({
      ...resource,
      address: `aws_db_instance.D${i}`,
    }));
    const text = render([{ ...report, resources: many }]);
    expect(text).toMatch(/300 resources with data are replaced or destroyed/);
    expect(text).toMatch(/> - and 260 more/);
    expect(text.length).toBeLessThanOrEqual(COMMENT_CHARACTERS);
  });
});

describe("counts", () => {
  test("shows one row for each changed stack and one line for the others", () => {
    const text = render([
      planned("kms", "change"),
      planned("registry", "create"),
      planned("network", "no-change"),
      planned("trail", "no-change"),
    ]);
    expect(text).toContain("| kms | 0 | 0 | 1 | 0 |\n| registry | 0 | 2 | 0 | 0 |");
    expect(text).toContain("No changes: `network`, `trail`.");
    expect(text).not.toMatch(/\| network \|/);
  });

  test("shows one line if nothing changes", () => {
    const text = render([planned("kms", "no-change"), planned("trail", "no-change")]);
    expect(text).toMatch(/### dev\n\nNo changes\.\n\n---/);
    expect(text).not.toMatch(/\| stack \|/);
  });

  test("mentions a new image without a warning", () => {
    const text = render([planned("service", "image"), planned("kms", "no-change")]);
    expect(text).toContain("| service | 0 | 1 | 1 | 1 |");
    expect(text).toContain("`service` changes only to the image of this commit.");
    expect(text).toMatch(/cipherwatch-dev-service@\(the image of this commit\)"/);
    expect(text).not.toMatch(/WARNING|CAUTION/);
  });

  test("warns about changes that a new image does not cause", () => {
    const plan = planFixture("image");
    const more = {
      ...plan,
      resource_changes: plan.resource_changes.map(({ change, ...resource }) => ({
        ...resource,
        change:
          resource.type === "aws_ecs_task_definition"
            ? { ...change, after: { ...(change.after as object), memory: "1024" } }
            : change,
      })),
    };
    const text = render([reportStack("service", more, { digest: digest("a"), readBy: [] })]);
    expect(text).toMatch(/WARNING.*\n.*\n> - `service` replaces `aws_ecs_task_definition\.Task`/);
    expect(text).not.toMatch(/changes only/);
  });

  test("names the stacks that consume changed outputs", () => {
    const text = render([planned("kms", "create", ["alarm", "service"])]);
    expect(text).toMatch(/> - `kms` changes outputs consumed by `alarm` and `service`\./);
    expect(render([planned("kms", "change", ["alarm"])])).not.toMatch(/consumed by/);
  });
});

describe("details", () => {
  test("shows the old and new values of a change", () => {
    expect(render([planned("kms", "change")])).toContain(
      [
        "```diff",
        "! aws_kms_key.DataKey_17AFBB84  # change",
        "-     rotation_period_in_days = 365",
        "+     rotation_period_in_days = 180",
        "```",
      ].join("\n"),
    );
  });

  test("shows first what forces a replacement", () => {
    expect(render([planned("database", "replace-database")])).toMatch(
      /- aws_db_instance\.Instance {2}# replace: this cannot be changed in place\n- {5}storage_encrypted = true\n\+ {5}storage_encrypted = false {2}# forces replacement/,
    );
  });

  test("never shows sensitive values", () => {
    expect(fixture("sensitive.json")).toMatch(CANARY);
    const text = render([planned("database", "sensitive")]);
    expect(CANARY.test(text)).toBe(false);
    expect(text).toMatch(/\+ {5}password = \(sensitive value\)/);
  });

  const described = (before: string, after: string) =>
    reportStack("kms", changing({ description: before }, { description: after }), {
      digest: digest("a"),
      readBy: [],
    });

  test("shows a long value to its end", () => {
    const text = render([described(`${"x".repeat(5000)}old`, `${"x".repeat(5000)}new`)]);
    expect(text).toMatch(/^- {5}description = "x{5000}old"$/m);
    expect(text).toMatch(/^\+ {5}description = "x{5000}new"$/m);
  });

  test.each([6000, 2500, 1100])(
    "shows where a value changes that it shortens to fit into %i characters",
    (limit) => {
      const [old, changed] = ["old", "new"].map((word) => `${"x".repeat(5000)}${word}`);
      const text = render([described(old ?? "", changed ?? "")], {}, limit);
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(text).toMatch(/^- {5}description = …x+old" \(5005 characters\)$/m);
      expect(text).toMatch(/^\+ {5}description = …x+new" \(5005 characters\)$/m);
    },
  );

  test("shows characters that would change the order or the look of the text as escapes", () => {
    const text = render([described("old", "a\u202eb\u2066c\u200bd\u0085e\u2028f\u{e0041}é😀")]);
    expect(text).toContain(
      String.raw`+     description = "a\u202eb\u2066c\u200bd\u0085e\u2028f\u{e0041}é😀"`,
    );
  });

  test("keeps a code block intact around a value that contains a fence", () => {
    const plan = parsePlan(
      fixture("create.json").replaceAll("Encrypts the records", "``` </details> ```` encrypts"),
      "plan",
    );
    const text = render([reportStack("kms", plan, { digest: digest("a"), readBy: [] })]);
    const fences = [...text.matchAll(/^(`{3,})(diff)?$/gm)].map(([, ticks]) => ticks);
    expect(fences.slice(0, 2)).toEqual(["`````", "`````"]);
  });

  test("escapes quotes, backticks and pipes in an address", () => {
    const plan = parsePlan(
      fixture("destroy-key.json").replaceAll(
        '"aws_kms_key.DataKey_17AFBB84"',
        JSON.stringify('aws_kms_key.k["a`|\\"<b>"]'),
      ),
      "plan",
    );
    const text = render([reportStack("kms", plan, { digest: digest("a"), readBy: [] })]);
    expect(text).toContain('``aws_kms_key.k["a`|\\"<b>"]``');
  });
});

describe("missing plans", () => {
  test("shows a failed plan at the top, with its error", () => {
    const text = render([failed("kms"), planned("trail", "no-change")]);
    expect(text).toMatch(/^> \[!CAUTION\]\n> \*\*No plan of `kms` of dev:\*\* Terraform failed\./);
    expect(text).toMatch(/`kms` could not be planned:.*```\nError: /s);
    expect(text).not.toMatch(/No changes\.$/m);
  });

  test("shows which stack a plan waits for, and what to do", () => {
    const text = render([planned("kms", "create"), waiting("alarm", ["kms"])]);
    expect(text).toMatch(
      /`alarm` cannot be planned yet:\*\* needs outputs of `kms`\. Once that stack is deployed, run Deploy by hand/,
    );
    expect(text).toMatch(/Unable to find remote state/);
    expect(text).not.toMatch(/CAUTION/);
  });

  test("shows an environment without a report at the top", () => {
    const text = renderPlans(
      { environments: [], missing: ["prod"], commit: COMMIT, runUrl: "https://run" },
      COMMENT_CHARACTERS,
    );
    expect(text).toMatch(/^> \[!CAUTION\]\n> \*\*No plan of prod:\*\*.*\(https:\/\/run\)/);
  });
});

describe("the foot", () => {
  test("has the commit, the run and the digest of each plan", () => {
    const text = render([planned("kms", "change"), failed("trail")]);
    expect(text).toContain(`Commit \`${COMMIT}\`, [run](https://github.com/`);
    expect(text).toContain(`dev/kms ${digest("a")}`);
  });
});

describe("a comment that is too long", () => {
  const stacks = ["network", "registry", "trail", "database", "service"];
  const long = stacks.map((stack) => planned(stack, `long-${stack}`));
  const prod: EnvironmentReport = { environment: "prod", commit: COMMIT, stacks: long };
  const renderBoth = (more: readonly StackReport[], limit?: number) => {
    const dev: EnvironmentReport = {
      environment: "dev",
      commit: COMMIT,
      stacks: [...long, ...more],
    };
    return render([], { environments: [dev, prod] }, limit);
  };

  test("exceeds the limit without shortening", () => {
    expect(renderBoth([], Number.POSITIVE_INFINITY).length).toBeGreaterThan(COMMENT_CHARACTERS);
  });

  test.each([COMMENT_CHARACTERS, 20_000, 8000])(
    "is cut to %i characters; what was cut is said, and the summary stays",
    (limit) => {
      const text = renderBoth([planned("kms", "destroy-key")], limit);
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(text).toMatch(/^> \[!CAUTION\]\n.*\n> - dev: `kms` \*\*destroys\*\*/);
      for (const stack of [...stacks, "kms"]) {
        expect(text).toMatch(new RegExp(`^\\| ${stack} \\|`, "m"));
      }
      expect(text).toMatch(/Shortened to fit: .*`dev\/service`.*\[the run\]\(https:/);
      const fences = text.split("\n").filter((line) => /^`{3,}/.test(line));
      expect(fences.length % 2).toBe(0);
    },
  );

  test("shows short stacks in full", () => {
    const text = renderBoth([planned("kms", "change")]);
    expect(text).toContain("rotation_period_in_days = 180");
    expect(text.length).toBeGreaterThan(COMMENT_CHARACTERS / 2);
  });

  test("lists fewer resources if their addresses are long", () => {
    const report = planned("database", "replace-database");
    if (report.outcome !== "planned") throw new Error("no plan");
    const many = Array.from({ length: 90 }, (_, i) => ({
      ...(report.resources[0] as (typeof report.resources)[number]),
      address: `aws_db_instance.${"long".repeat(300)}${i}`,
    }));
    const text = render([{ ...report, resources: many }], {}, 4000);
    expect(text.length).toBeLessThanOrEqual(4000);
    expect(text).toMatch(/90 resources with data are replaced or destroyed/);
    expect(text).toMatch(/> - and \d\d more/);
  });

  test("truncates a long Terraform error", () => {
    const text = render([{ outcome: "failed", stack: "kms", error: "Error: x\n".repeat(20_000) }]);
    expect(text.length).toBeLessThanOrEqual(COMMENT_CHARACTERS);
    expect(text).toMatch(/Error: x/);
  });
});
