import { describe, expect, test } from "vitest";
import { fixture, planFixture } from "../testing/fixtures.ts";
import { comparePlans } from "./compare.ts";
import { changesBeyondImage } from "./image-change.ts";
import { type PlanJson, parsePlan } from "./plan-json.ts";
import { UNBUILT_IMAGE } from "./planned-changes.ts";

const BUILT = `sha256:${"5".repeat(64)}`;

const compare = (reviewed: PlanJson, fresh: PlanJson, image = BUILT) =>
  comparePlans(reviewed, fresh, image);

/** A copy of a plan that says something else. */
function edited(plan: PlanJson, edit: (text: string) => string): PlanJson {
  return parsePlan(edit(JSON.stringify(plan)), "the edited plan");
}
function withoutChange(plan: PlanJson, address: string): PlanJson {
  const kept = plan.resource_changes.filter((change) => change.address !== address);
  expect(kept.length).toBe(plan.resource_changes.length - 1);
  return { ...plan, resource_changes: kept };
}

const NAMES = ["create", "change", "destroy-key", "replace-database", "image", "long-service"];

describe("real plans", () => {
  test.each(NAMES)("%s equals itself", (name) => {
    expect(compare(planFixture(name), planFixture(name))).toEqual([]);
  });

  test("ignores values that AWS updates and the plan does not change", () => {
    const plan = planFixture("replace-database");
    const later = edited(plan, (text) =>
      text.replace(
        /"latest_restorable_time":"[^"]*"/g,
        '"latest_restorable_time":"2026-11-21T09:00:00Z"',
      ),
    );
    expect(later).not.toEqual(plan);
    expect(compare(plan, later)).toEqual([]);
  });

  test("reports the path of a different value without the values", () => {
    const plan = planFixture("change");
    const other = edited(plan, (text) =>
      text.replace('"rotation_period_in_days":180', '"rotation_period_in_days":2560'),
    );
    expect(compare(plan, other)).toEqual([
      {
        address: "aws_kms_key.DataKey_17AFBB84",
        what: "rotation_period_in_days would have another value than reviewed",
      },
    ]);
  });

  test("compares the live object of an address that also has a deposed one", () => {
    const plan = planFixture("change");
    const [live] = plan.resource_changes.filter(({ change }) => change.actions[0] === "update");
    expect(live).toBeDefined();
    const deposed = {
      ...live,
      deposed: "ce4cc2bb",
      change: { actions: ["delete"], before: live?.change.before, after: null },
    };
    const withDeposed = (of: PlanJson) =>
      edited(of, (text) => {
        const value = JSON.parse(text);
        return JSON.stringify({ ...value, resource_changes: [...value.resource_changes, deposed] });
      });
    const other = edited(plan, (text) =>
      text.replace('"rotation_period_in_days":180', '"rotation_period_in_days":2560'),
    );
    expect(compare(withDeposed(plan), withDeposed(plan))).toEqual([]);
    expect(compare(withDeposed(plan), withDeposed(other))).toEqual(compare(plan, other));
    expect(compare(plan, withDeposed(plan))).toEqual([
      {
        address: `${live?.address} (deposed object ce4cc2bb)`,
        what: "delete: not in the reviewed plan",
      },
    ]);
  });

  test.each([
    ["an integer beyond 2^53", "9007199254740992", "9007199254740993"],
    ["a fraction", "1", "1.0"],
  ])("compares %s as written", (_, number, other) => {
    const withDays = (days: string) =>
      parsePlan(
        fixture("change.json").replace(
          '"rotation_period_in_days":180',
          `"rotation_period_in_days":${days}`,
        ),
        "plan",
      );
    expect(compare(withDays(number), withDays(number))).toEqual([]);
    expect(compare(withDays(number), withDays(other))).toEqual([
      {
        address: "aws_kms_key.DataKey_17AFBB84",
        what: "rotation_period_in_days would have another value than reviewed",
      },
    ]);
  });

  test("accepts a check that failed in the review and holds now, but not the reverse", () => {
    const failing = planFixture("shapes");
    const holding = edited(failing, (text) =>
      text.replaceAll('"status":"fail"', '"status":"pass"'),
    );
    expect(holding).not.toEqual(failing);
    expect(compare(failing, holding)).toEqual([]);
    expect(compare(holding, failing)).toMatchObject([{ address: "checks" }]);
  });

  test("sees a key that a policy repeats", () => {
    const plan = planFixture("create");
    const other = edited(plan, (text) =>
      text.replace('{\\"Action\\":', '{\\"Action\\":\\"kms:*\\",\\"Action\\":'),
    );
    expect(other).not.toEqual(plan);
    expect(compare(plan, other)).toEqual([
      {
        address: expect.stringMatching(/^aws_kms_key/),
        what: expect.stringMatching(/^policy would have another value than reviewed/),
      },
    ]);
  });

  test("reports the path within a policy", () => {
    const plan = planFixture("create");
    const other = edited(plan, (text) => text.replace("kms:GenerateDataKey", "kms:ReEncryptFrom"));
    expect(compare(plan, other)).toMatchObject([
      { what: expect.stringMatching(/^policy\.Statement\.1\.Action\.\d would have another value/) },
    ]);
  });

  test("reports a destruction instead of a change", () => {
    const then = planFixture("change");
    const now = planFixture("destroy-key");
    expect(compare(then, now)).toContainEqual({
      address: "aws_kms_key.DataKey_17AFBB84",
      what: "delete is planned, but update was reviewed",
    });
  });

  test("reports added and missing changes", () => {
    const plan = planFixture("create");
    const less = withoutChange(plan, "aws_kms_alias.DataKey_Alias_99EFF7B9");
    expect(compare(less, plan)).toEqual([
      {
        address: "aws_kms_alias.DataKey_Alias_99EFF7B9",
        what: "create: not in the reviewed plan",
      },
    ]);
    expect(compare(plan, less)).toEqual([
      {
        address: "aws_kms_alias.DataKey_Alias_99EFF7B9",
        what: "create: reviewed, but no longer planned",
      },
    ]);
  });

  test("accepts a plan without changes", () => {
    expect(compare(planFixture("change"), planFixture("no-change"))).toEqual([]);
    expect(compare(planFixture("no-change"), planFixture("change"))).toContainEqual({
      address: "aws_kms_key.DataKey_17AFBB84",
      what: "update: not in the reviewed plan",
    });
  });

  test("reports a different output", () => {
    const plan = planFixture("create");
    const other = { ...plan, output_changes: {} };
    expect(compare(other, plan).map(({ address }) => address)).toContain("output.KeyArn");
  });

  test("never reports values", () => {
    const plan = planFixture("sensitive");
    const other = edited(plan, (text) => text.replaceAll("canary-4f1d7c", "canary-4f1d7c-2"));
    const found = compare(plan, other);
    expect(found).toContainEqual({
      address: "aws_db_instance.Instance",
      what: "password would have another value than reviewed",
    });
    expect(JSON.stringify(found)).not.toMatch(/canary/);
  });
});

describe("the image of the commit", () => {
  const reviewed = planFixture("image");
  const built = edited(reviewed, (text) => text.replaceAll(UNBUILT_IMAGE, BUILT));

  test("may be the built image in place of the placeholder", () => {
    expect(JSON.stringify(reviewed)).toContain(UNBUILT_IMAGE);
    expect(compare(reviewed, built)).toEqual([]);
  });

  test("may be no other image", () => {
    const other = edited(reviewed, (text) =>
      text.replaceAll(UNBUILT_IMAGE, `sha256:${"6".repeat(64)}`),
    );
    expect(compare(reviewed, other)).toContainEqual({
      address: expect.stringMatching(/^aws_ecs_task_definition\./),
      what: expect.stringMatching(/^container_definitions\.0\.image/),
    });
  });

  test("may come from no other repository", () => {
    const other = edited(built, (text) =>
      text.replaceAll(/[^"\\]*cipherwatch-dev-service@(?=sha256:5)/g, "mallory.example.com/image@"),
    );
    expect(other).not.toEqual(built);
    expect(compare(reviewed, other)).not.toEqual([]);
  });

  test("may already be running", () => {
    const address = reviewed.resource_changes.find(
      ({ type, change }) => type === "aws_ecs_task_definition" && change.actions.length > 1,
    )?.address as string;
    expect(compare(reviewed, { ...withoutChange(built, address) })).toEqual([]);
  });

  test("is the only change that a rollback may make", () => {
    expect(changesBeyondImage(built, BUILT)).toEqual([]);
    expect(changesBeyondImage(built, `sha256:${"6".repeat(64)}`)).not.toEqual([]);
    const more = {
      ...built,
      resource_changes: built.resource_changes.map(({ change, ...resource }) => ({
        ...resource,
        change:
          resource.type === "aws_ecs_task_definition"
            ? { ...change, after: { ...(change.after as object), memory: "1024" } }
            : change,
      })),
    };
    expect(changesBeyondImage(more, BUILT)).toEqual(["aws_ecs_task_definition.Task"]);
    expect(changesBeyondImage(planFixture("change"), BUILT)).toEqual([
      "aws_kms_key.DataKey_17AFBB84",
    ]);
  });
});

test("lists some paths and counts the others", () => {
  const plan = (value: number) =>
    parsePlan(
      JSON.stringify({
        format_version: "1.2",
        terraform_version: "1.11.4",
        resource_changes: [
          {
            address: "a.b",
            mode: "managed",
            type: "a",
            change: {
              actions: ["update"],
              before: {},
              after: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`v${i}`, value])),
            },
          },
        ],
      }),
      "plan",
    );
  expect(compare(plan(1), plan(2))).toMatchObject([
    {
      what: expect.stringMatching(/^v0, v1, v2, v3, v4 and 3 more values would have another value/),
    },
  ]);
});
