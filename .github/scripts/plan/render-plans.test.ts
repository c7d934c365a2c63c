import { describe, expect, test } from "vitest";
import { CANARY, fixture, planFixture } from "../testing/fixtures.ts";
import { parsePlan } from "./plan-json.ts";
import { readPlanRecord } from "./plan-record.ts";
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

describe("what loses data", () => {
  test("the replacement of the database is how the comment begins, with its name and why", () => {
    const text = render([planned("kms", "change"), planned("database", "replace-database")]);
    const [first, second, third] = text.split("\n");
    expect(first).toBe("> [!CAUTION]");
    expect(second).toMatch(/^> \*\*This loses data: 1 resource/);
    expect(third).toBe(
      "> - dev: `database` **replaces** `aws_db_instance.Instance`: every record in this database is lost (`storage_encrypted` cannot be changed in place)",
    );
  });

  test("a key comes before a database, though its stack does not", () => {
    const text = render([planned("database", "replace-database"), planned("kms", "destroy-key")]);
    const lines = text.split("\n").filter((line) => line.startsWith("> - dev:"));
    expect(lines).toEqual([
      expect.stringMatching(
        /`kms` \*\*destroys\*\* `aws_kms_key\.DataKey_\w+`: everything that it encrypted/,
      ),
      expect.stringMatching(/`database` \*\*replaces\*\*/),
    ]);
  });

  test("what holds no data and goes is named below the counts", () => {
    const text = render([planned("kms", "destroy-key")]);
    const counts = text.indexOf("| stack |");
    expect(text.indexOf("> [!WARNING]")).toBeGreaterThan(counts);
    expect(text).toMatch(/> - `kms` destroys `aws_kms_alias\.DataKey_Alias_\w+`/);
  });

  test("a plan that only creates begins with its title and has no warning", () => {
    const text = render([planned("kms", "create")]);
    expect(text).toMatch(/^## Plan of `0123456`/);
    expect(text).not.toMatch(/CAUTION|WARNING/);
  });

  test("hundreds of losses are counted, not listed", () => {
    const report = planned("database", "replace-database");
    if (report.outcome !== "planned") throw new Error("no plan");
    const [resource] = report.resources;
    if (resource === undefined) throw new Error("no resource");
    const many = Array.from({ length: 300 }, (_, i) => ({
      ...resource,
      address: `aws_db_instance.D${i}`,
    }));
    const text = render([{ ...report, resources: many }]);
    expect(text).toMatch(/300 resources that hold it go/);
    expect(text).toMatch(/> - and 260 more/);
    expect(text.length).toBeLessThanOrEqual(COMMENT_CHARACTERS);
  });
});

describe("counts", () => {
  test("each stack that changes has a line, and those that do not have one together", () => {
    const text = render([
      planned("kms", "change"),
      planned("registry", "create"),
      planned("network", "no-change"),
      planned("trail", "no-change"),
    ]);
    expect(text).toContain("| kms | 0 | 1 | 0 | 0 |\n| registry | 2 | 0 | 0 | 0 |");
    expect(text).toContain("No changes: `network`, `trail`.");
    expect(text).not.toMatch(/\| network \|/);
  });

  test("no change at all is one line", () => {
    const text = render([planned("kms", "no-change"), planned("trail", "no-change")]);
    expect(text).toMatch(/### dev\n\nNo changes\.\n\n---/);
    expect(text).not.toMatch(/\| stack \|/);
  });

  test("a new image is no warning; it is said in a line that it is all", () => {
    const text = render([planned("service", "image"), planned("kms", "no-change")]);
    expect(text).toContain("| service | 0 | 1 | 1 | 0 |");
    expect(text).toContain("`service` gets the image of this commit, and nothing else.");
    expect(text).toMatch(/cipherwatch-dev-service@\(the image of this commit\)"/);
    expect(text).not.toMatch(/WARNING|CAUTION/);
  });

  test("what a new image does not bring with it is a warning as ever", () => {
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
    expect(text).not.toMatch(/nothing else/);
  });

  test("a change of outputs is told to whom reads them", () => {
    const text = render([planned("kms", "create", ["alarm", "service"])]);
    expect(text).toMatch(/> - `kms` changes what it puts out, which `alarm` and `service` read\./);
    expect(render([planned("kms", "change", ["alarm"])])).not.toMatch(/puts out/);
  });
});

describe("details", () => {
  test("of a change, its values before and after", () => {
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

  test("of a replacement, what forces it first", () => {
    expect(render([planned("database", "replace-database")])).toMatch(
      /- aws_db_instance\.Instance {2}# replace: this cannot be changed in place\n- {5}storage_encrypted = true\n\+ {5}storage_encrypted = false {2}# forces the replacement/,
    );
  });

  test("sensitive values are never shown", () => {
    expect(fixture("sensitive.json")).toMatch(CANARY);
    const text = render([planned("database", "sensitive")]);
    expect(CANARY.test(text)).toBe(false);
    expect(text).toMatch(/\+ {5}password = \(sensitive value\)/);
  });

  test("a fence survives a value that holds one", () => {
    const plan = parsePlan(
      fixture("create.json").replaceAll("Seals the records", "``` </details> ```` seals"),
      "plan",
    );
    const text = render([reportStack("kms", plan, { digest: digest("a"), readBy: [] })]);
    const fences = [...text.matchAll(/^(`{3,})(diff)?$/gm)].map(([, ticks]) => ticks);
    expect(fences.slice(0, 2)).toEqual(["`````", "`````"]);
  });

  test("an address with quotes, backticks and pipes stays in its line", () => {
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

describe("plans that are not there", () => {
  test("one that failed says so on top and shows its error", () => {
    const text = render([failed("kms"), planned("trail", "no-change")]);
    expect(text).toMatch(
      /^> \[!CAUTION\]\n> \*\*There is no plan of `kms` of dev:\*\* Terraform failed\./,
    );
    expect(text).toMatch(/`kms` could not be planned:.*```\nError: /s);
    expect(text).not.toMatch(/No changes\.$/m);
  });

  test("one that waits says for which stack, and what to do", () => {
    const text = render([planned("kms", "create"), waiting("alarm", ["kms"])]);
    expect(text).toMatch(
      /`alarm` cannot be planned yet:\*\* it reads `kms`, which has not been applied with what it needs\. Once that is deployed, run Deploy by hand/,
    );
    expect(text).toMatch(/Unable to find remote state/);
    expect(text).not.toMatch(/CAUTION/);
  });

  test("an environment without any says so on top", () => {
    const text = renderPlans(
      { environments: [], missing: ["prod"], commit: COMMIT, runUrl: "https://run" },
      COMMENT_CHARACTERS,
    );
    expect(text).toMatch(
      /^> \[!CAUTION\]\n> \*\*There is no plan of prod at all:\*\*.*\(https:\/\/run\)/,
    );
  });
});

describe("the foot", () => {
  test("has the commit, the run and the digest of each plan", () => {
    const text = render([planned("kms", "change"), failed("trail")]);
    expect(text).toContain(`Commit \`${COMMIT}\`, [run](https://github.com/`);
    expect(text).toContain(`dev/kms ${digest("a")}`);
    expect(readPlanRecord(text)).toEqual({ commit: COMMIT, plans: { dev: { kms: digest("a") } } });
  });

  test("of two records, be the other in a value of a plan, none counts", () => {
    const text = render([planned("kms", "change")]);
    expect(readPlanRecord(`${text}\n${text}`)).toBeUndefined();
    expect(readPlanRecord("no record")).toBeUndefined();
    expect(readPlanRecord('<!-- cipherwatch-plans {"commit":"x"} -->')).toBeUndefined();
    expect(readPlanRecord("<!-- cipherwatch-plans {")).toBeUndefined();
  });
});

describe("what is too long for a comment", () => {
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

  test("is too long indeed", () => {
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
      expect(text).toMatch(/Cut to what fits here: .*`dev\/service`.*\[The run\]\(https:/);
      expect(readPlanRecord(text)?.plans.dev).toHaveProperty("service");
      const fences = text.split("\n").filter((line) => /^`{3,}/.test(line));
      expect(fences.length % 2).toBe(0);
    },
  );

  test("is cut no more than it must be: short stacks stay whole", () => {
    const text = renderBoth([planned("kms", "change")]);
    expect(text).toContain("rotation_period_in_days = 180");
    expect(text.length).toBeGreaterThan(COMMENT_CHARACTERS / 2);
  });

  test("an error of Terraform's that is too long is cut, too", () => {
    const text = render([{ outcome: "failed", stack: "kms", error: "Error: x\n".repeat(20_000) }]);
    expect(text.length).toBeLessThanOrEqual(COMMENT_CHARACTERS);
    expect(text).toMatch(/Error: x/);
  });
});
