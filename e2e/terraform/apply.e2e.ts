import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attackUnderWay } from "../../detections/attack-under-way.ts";
import { alarmNameOf, alarmNamesOf } from "../../detections/cloudwatch-names.ts";
import { filterPattern } from "../../detections/exclusions.ts";
import { cisPack, detections } from "../../detections/index.ts";
import type { DetectionScope } from "../../detections/scope.ts";
import { labScope } from "../../lab/scope.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { permissionsOfRole } from "../../stacks/testing/pipeline-permissions.ts";
import { type Call, type Emulator, startEmulator, type Watch } from "./emulator.ts";
import { unexcused, unexcusedRemainders } from "./excused.ts";
import { inOrder, reversed } from "./in-order.ts";
import { actionsOf, notAllowed } from "./permissions.ts";
import { secretsIn, secretsOf } from "./secrets.ts";
import { type Plan, terraform } from "./terraform.ts";
import { startTimes } from "./times.ts";
import { makeWorkspace, type Output, type SettingsVariables, type Workspace } from "./workspace.ts";

/** As a pipeline deploys: Terraform itself, stack by stack, with the states in the bucket. */
const REGION = "ap-southeast-2";
const ACCOUNT = "123456789012"; // the emulator's
const AT_A_TIME = 4;
const BOOTSTRAP = "bootstrap";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** What a newcomer sets before anything is there. */
const AT_FIRST: SettingsVariables = {
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
  CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
  CIPHERWATCH_CIS_PACK: "true",
};
const WITH_IMAGE: SettingsVariables = { ...AT_FIRST, CIPHERWATCH_IMAGE_DIGEST: digest("1") };

const settings = loadSettings(WITH_IMAGE);
const synthesized = synthesize(settings);
const stacks = [...synthesized.keys()];
const others = stacks.filter((stack) => stack !== BOOTSTRAP);

const times = startTimes(AT_A_TIME);
let emulator: Emulator;
let workspace: Workspace;
let stateBucket: string;
/** All stacks; from the second test on, with their states in the bucket. */
let all: Output;
/** Each plan that was made, by a name for it. */
const plans = new Map<string, Plan>();
/** What Terraform printed beside plans. */
const printed = new Map<string, string>();
/** What the pipeline called to apply, to plan again and to destroy. */
const calls = new Map<"apply" | "plan" | "destroy", readonly Call[]>();

beforeAll(async () => {
  emulator = await startEmulator(REGION);
  workspace = makeWorkspace(emulator);
});

afterAll(async () => {
  await emulator?.stop();
  workspace?.remove();
  console.log(`\nTerraform\n${times.table()}`);
});

/** One after the other: two at once may spoil a plugin cache that both fill. */
async function init(output: Output, names: readonly string[]): Promise<void> {
  for (const stack of names) {
    await times.measure(stack, "init", () => terraform(output, stack).init());
  }
}

async function apply(output: Output, stack: string): Promise<void> {
  const tf = terraform(output, stack);
  await times.measure(stack, "validate", tf.validate);
  const plan = await times.measure(stack, "plan", () => tf.plan());
  plans.set(`${stack}, first plan`, plan);
  const { output: text } = await times.measure(stack, "apply", tf.apply);
  printed.set(`${stack}, apply`, text);
}

const dependenciesOf = (names: readonly string[]) =>
  new Map(names.map((name) => [name, all.dependencies.get(name) ?? []]));
const unordered = (names: readonly string[]) =>
  new Map(names.map((name) => [name, [] as string[]]));

/** Of Terraform, as far as it is read here. */
interface State {
  readonly resources: readonly {
    readonly type: string;
    readonly instances: readonly {
      readonly attributes: { readonly name: string; readonly target_key_arn: string };
    }[];
  }[];
}

const localState = () => join(workspace.folder, "tfstate/dev", `${BOOTSTRAP}.tfstate`);
const states = async () =>
  (await emulator.objects()).filter(({ bucket }) => bucket === stateBucket);

describe("from zero", () => {
  test("bootstrap is applied with a local state", async () => {
    all = await workspace.synth("all", AT_FIRST);
    await init(all, [BOOTSTRAP]);
    console.log(`AWS provider ${terraform(all, BOOTSTRAP).providerVersion()}`);
    await apply(all, BOOTSTRAP);
    const { StateBucketName } = await terraform(all, BOOTSTRAP).outputs();
    stateBucket = String(StateBucketName);
    expect(JSON.parse(readFileSync(localState(), "utf8")).resources).not.toEqual([]);
  });

  test("bootstrap's state moves into the bucket that it made", async () => {
    all = await workspace.synth("all", { ...WITH_IMAGE, CIPHERWATCH_STATE_BUCKET: stateBucket });
    await terraform(all, BOOTSTRAP).init("-migrate-state", "-force-copy");
    expect((await states()).map(({ key }) => key)).toEqual(["cipherwatch/dev/bootstrap.tfstate"]);
    rmSync(localState());
    await emulator.calls(); // those of a person; the rest are the pipeline's
  });

  describe("everything else, beginning with the registry", () => {
    let applied: ReadonlyMap<string, Promise<void>>;
    beforeAll(async () => {
      const { CIPHERWATCH_IMAGE_DIGEST: _, ...withoutImage } = WITH_IMAGE;
      const atFirst = await workspace.synth("without-image", {
        ...withoutImage,
        CIPHERWATCH_STATE_BUCKET: stateBucket,
      });
      await init(atFirst, ["registry"]);
      await init(all, others);
      applied = inOrder(dependenciesOf(others), AT_A_TIME, async (stack) => {
        if (stack === "registry") await apply(atFirst, stack);
        await apply(all, stack);
      });
    });
    afterAll(async () => {
      calls.set("apply", await emulator.calls());
    });

    test("registry is applied before there is an image, and with it", async () => {
      await applied.get("registry");
    });

    test.each(others.filter((stack) => stack !== "registry"))("%s is applied", async (stack) => {
      await applied.get(stack);
    });
  });
});

describe("a second run", () => {
  let planned: ReadonlyMap<string, Promise<Plan>>;
  beforeAll(() => {
    const plan = (stack: string) =>
      times.measure(stack, "second plan", () => terraform(all, stack).plan("-lock=false"));
    const pipelines = inOrder(unordered(others), AT_A_TIME, plan);
    // A person's, after the pipeline's calls are noted.
    const own = Promise.allSettled(pipelines.values()).then(async () => {
      calls.set("plan", await emulator.calls());
      return plan(BOOTSTRAP);
    });
    planned = new Map([...pipelines, [BOOTSTRAP, own]]);
  });

  test.each([...others, BOOTSTRAP])("%s has nothing to change", async (stack) => {
    const plan = await planned.get(stack);
    if (plan === undefined) return expect.unreachable();
    plans.set(`${stack}, second plan`, plan);
    expect(unexcused(plan.changes)).toEqual([]);
    // Without a change of a resource that is excused, nothing else may differ: no output either.
    if (plan.changes.length === 0) expect(plan.hasChanges, plan.output).toBe(false);
  });
});

describe("every detection watches", () => {
  /** As AWS has them: what Terraform filled into the patterns is in there. */
  let scope: DetectionScope;
  let watch: Watch;
  beforeAll(async () => {
    const keyArns = new Map<string, string>();
    for (const { body } of await states()) {
      const { resources } = JSON.parse(Buffer.from(body, "base64").toString()) as State;
      for (const { attributes } of resources
        .filter(({ type }) => type === "aws_kms_alias")
        .flatMap(({ instances }) => instances)) {
        keyArns.set(attributes.name, attributes.target_key_arn);
      }
    }
    const account = { accountId: ACCOUNT, region: REGION };
    scope = labScope(settings.env, account, (alias) => keyArns.get(alias) ?? "");
    watch = await emulator.watch();
  });

  test.each([...detections, ...cisPack])(
    "$id has its alarms, and they tell somebody",
    (detection) => {
      for (const name of alarmNamesOf(detection, scope)) {
        const actions = watch.alarms.find((alarm) => alarm.name === name)?.actions;
        expect(actions, name).toEqual([expect.stringMatching(/^arn:aws:sns:/)]);
      }
    },
  );

  test.each([...detections, ...cisPack].filter((detection) => detection.source === "trail"))(
    "$id has its filter on the trail's log group",
    (detection) => {
      expect(watch.filters).toContainEqual({
        name: alarmNameOf(detection, scope),
        pattern: filterPattern(detection, scope),
        logGroupName: scope.trailLogGroupName,
      });
    },
  );

  test("an attack under way has its composite alarm", () => {
    expect(watch.alarms.map(({ name }) => name)).toContain(alarmNameOf(attackUnderWay, scope));
  });
});

describe("a change of settings", () => {
  /** Plans of the stacks that are configured differently; the plan of any other is the second run's. */
  async function changedBy(name: string, variables: SettingsVariables) {
    const output = await workspace.synth(name, {
      ...WITH_IMAGE,
      ...variables,
      CIPHERWATCH_STATE_BUCKET: stateBucket,
    });
    const touched = stacks.filter(
      (stack) => output.configuration(stack) !== all.configuration(stack),
    );
    await init(output, touched);
    const planned = inOrder(unordered(touched), AT_A_TIME, (stack) =>
      terraform(output, stack).plan("-refresh=false"),
    );
    return new Map(
      await Promise.all([...planned].map(async ([stack, plan]) => [stack, await plan] as const)),
    );
  }

  test("of the image's digest changes the service's plan only", async () => {
    const changed = await changedBy("other-image", { CIPHERWATCH_IMAGE_DIGEST: digest("2") });
    expect([...changed.keys()]).toEqual(["service"]);
    expect(
      changed
        .get("service")
        ?.changes.map(({ type }) => type)
        .sort(),
    ).toEqual(["aws_ecs_service", "aws_ecs_task_definition"]);
  });

  test("of the task's size replaces nothing but the task definition", async () => {
    const changed = await changedBy("larger-task", {
      CIPHERWATCH_TASK_CPU: "512",
      CIPHERWATCH_TASK_MEMORY: "2048",
    });
    const changes = [...changed.values()].flatMap((plan) => plan.changes);
    // Keys, database, buckets and trail among what stays.
    expect(
      changes.filter(({ actions }) => actions.includes("delete")).map(({ type }) => type),
    ).toEqual(["aws_ecs_task_definition"]);
  });
});

describe("what is kept and printed", () => {
  test("the states are in the bucket, each under its key", async () => {
    const kept = await states();
    expect(kept.map(({ key }) => key).sort()).toEqual(
      stacks.map((stack) => `cipherwatch/dev/${stack}.tfstate`).sort(),
    );
    expect(new Set(kept.map(({ encryption }) => encryption))).toEqual(new Set(["aws:kms"]));
  });

  test("none of it holds a secret", async () => {
    const secrets = await secretsOf(emulator);
    expect(Object.keys(secrets)).toContainEqual(expect.stringMatching(/^the password of rds!db-/));
    const texts: (readonly [name: string, text: string])[] = [...printed];
    for (const [name, plan] of plans) {
      texts.push([name, plan.output], [`${name} as JSON`, plan.json]);
    }
    for (const { key, body } of await states()) {
      texts.push([key, Buffer.from(body, "base64").toString()]);
    }
    for (const stack of stacks) {
      texts.push([`${stack}, outputs`, JSON.stringify(await terraform(all, stack).outputs())]);
    }
    expect(texts.flatMap(([name, text]) => secretsIn(name, text, secrets))).toEqual([]);
  });
});

describe("back to nothing", () => {
  let destroyed: ReadonlyMap<string, Promise<unknown>>;
  beforeAll(async () => {
    expect(unexcusedRemainders(await emulator.left())).not.toEqual([]);
    await emulator.calls();
    destroyed = inOrder(reversed(dependenciesOf(others)), AT_A_TIME, (stack) =>
      times.measure(stack, "destroy", terraform(all, stack).destroy),
    );
  });

  test.each(others.toReversed())("%s is destroyed", async (stack) => {
    await destroyed.get(stack);
  });

  test("the bucket that holds the states refuses to go", async () => {
    calls.set("destroy", await emulator.calls());
    await expect(terraform(all, BOOTSTRAP).destroy()).rejects.toThrow(/prevent_destroy/);
    expect(await states()).not.toEqual([]);
  });

  test("bootstrap is destroyed once its state is local again", async () => {
    const last = await workspace.synth("all", WITH_IMAGE);
    await terraform(last, BOOTSTRAP).init("-migrate-state", "-force-copy");
    await times.measure(BOOTSTRAP, "destroy", terraform(last, BOOTSTRAP).destroy);
    expect(JSON.parse(readFileSync(localState(), "utf8")).resources).toEqual([]);
  });

  test("nothing is left", async () => {
    expect(unexcusedRemainders(await emulator.left())).toEqual([]);
  });
});

describe("the pipeline's roles", () => {
  const bootstrap = synthesized.get(BOOTSTRAP);
  const permissions = (role: "Plan" | "Deploy") =>
    bootstrap === undefined ? [] : permissionsOfRole(bootstrap, role);
  const missing = (phase: "apply" | "plan" | "destroy", role: "Plan" | "Deploy") => {
    const actions = actionsOf(calls.get(phase) ?? []);
    expect(actions.length).toBeGreaterThan(50);
    return notAllowed(actions, permissions(role));
  };

  test("the one that plans may do all that a plan without a lock takes", () => {
    expect(missing("plan", "Plan")).toEqual([]);
  });

  test("the one that deploys may do all that it takes to apply every stack", () => {
    expect(missing("apply", "Deploy")).toEqual([]);
  });

  test("neither may do what destroys data or evidence", () => {
    expect(missing("destroy", "Deploy")).toEqual([
      "cloudtrail:DeleteTrail",
      "ecr:DeleteRepository",
      "kms:ScheduleKeyDeletion",
      "logs:DeleteLogGroup",
      "rds:DeleteDBInstance",
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:ListBucketVersions",
    ]);
  });
});
