import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resourceName } from "../../common/naming.ts";
import { attackUnderWay } from "../../detections/attack-under-way.ts";
import { alarmNameOf, alarmNamesOf, filterNameOf } from "../../detections/cloudwatch-names.ts";
import { filterPatterns } from "../../detections/exclusions.ts";
import { cisPack, detections } from "../../detections/index.ts";
import { type DetectionScope, SECURITY_GROUPS } from "../../detections/scope.ts";
import { labScope } from "../../lab/scope.ts";
import { loadSettings } from "../../settings/index.ts";
import { synthesize } from "../../stacks/synthesize.ts";
import { permissionsOfRole } from "../../stacks/testing/pipeline-permissions.ts";
import { inDependencyOrder, reverseDependencies } from "./dependency-order.ts";
import { type Call, type Emulator, type Monitoring, startEmulator } from "./emulator.ts";
import { DESTRUCTIVE_ACTIONS, deniedActions, requiredActions } from "./permissions.ts";
import { unexpectedRemainders } from "./remainders.ts";
import { keyArnsByAlias, listStates, networkOf, stateText } from "./remote-states.ts";
import { restoreDatabase } from "./restored-database.ts";
import { collectSecrets, findSecrets } from "./secrets.ts";
import { describeChanges, type Plan, terraform } from "./terraform.ts";
import { startTimings } from "./timings.ts";
import {
  makeWorkspace,
  type SettingsVariables,
  type SynthOutput,
  type Workspace,
} from "./workspace.ts";

/** Deploys as the pipeline does: runs Terraform for each stack, with the states in the bucket. */
const REGION = "ap-southeast-2";
const ACCOUNT = "123456789012"; // of the emulator
const CONCURRENCY = 4;
const BOOTSTRAP = "bootstrap";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** The settings of a first deployment. */
const INITIAL_SETTINGS: SettingsVariables = {
  CIPHERWATCH_ALERT_EMAIL: "security@example.com",
  CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24",
  CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
  CIPHERWATCH_CIS_PACK: "true",
};
/** The settings after the first image is pushed. */
const WITH_IMAGE: SettingsVariables = {
  ...INITIAL_SETTINGS,
  CIPHERWATCH_IMAGE_DIGEST: digest("1"),
};

const settings = loadSettings(WITH_IMAGE);
const synthesized = synthesize(settings);
const stacks = [...synthesized.keys()];
const others = stacks.filter((stack) => stack !== BOOTSTRAP);

const timings = startTimings(CONCURRENCY);
let emulator: Emulator;
let workspace: Workspace;
let stateBucket: string;
/** All stacks. From the second test on, their states are in the bucket. */
let all: SynthOutput;
/** Plans by a descriptive name. */
const plans = new Map<string, Plan>();
/** Output of `terraform apply` by a descriptive name. */
const printed = new Map<string, string>();
/** AWS calls of each phase. */
const calls = new Map<"apply" | "plan" | "destroy", readonly Call[]>();

beforeAll(async () => {
  emulator = await startEmulator(REGION);
  workspace = makeWorkspace(emulator);
});

afterAll(async () => {
  await emulator?.stop();
  workspace?.remove();
  console.log(`\nTerraform\n${timings.table()}`);
});

/** Runs sequentially: concurrent `terraform init` commands can corrupt a shared plugin cache. */
async function init(output: SynthOutput, names: readonly string[]): Promise<void> {
  for (const stack of names) {
    await timings.measure(stack, "init", () => terraform(output, stack).init());
  }
}

async function apply(output: SynthOutput, stack: string): Promise<void> {
  const tf = terraform(output, stack);
  await timings.measure(stack, "validate", tf.validate);
  const plan = await timings.measure(stack, "plan", () => tf.plan());
  plans.set(`${stack}, first plan`, plan);
  const { output: text } = await timings.measure(stack, "apply", tf.apply);
  printed.set(`${stack}, apply`, text);
}

const dependenciesOf = (names: readonly string[]) =>
  new Map(names.map((name) => [name, all.dependencies.get(name) ?? []]));
const unordered = (names: readonly string[]) =>
  new Map(names.map((name) => [name, [] as string[]]));

const localState = () => join(workspace.folder, "tfstate/dev", `${BOOTSTRAP}.tfstate`);
const states = () => listStates(emulator, stateBucket);

describe("first deployment", () => {
  test("applies bootstrap with a local state", async () => {
    all = await workspace.synth("all", INITIAL_SETTINGS);
    await init(all, [BOOTSTRAP]);
    console.log(`AWS provider ${terraform(all, BOOTSTRAP).providerVersion()}`);
    await apply(all, BOOTSTRAP);
    const { StateBucketName } = await terraform(all, BOOTSTRAP).outputs();
    stateBucket = String(StateBucketName);
    expect(JSON.parse(readFileSync(localState(), "utf8")).resources).not.toEqual([]);
  });

  test("migrates the state of bootstrap to the bucket that it created", async () => {
    all = await workspace.synth("all", { ...WITH_IMAGE, CIPHERWATCH_STATE_BUCKET: stateBucket });
    await terraform(all, BOOTSTRAP).init("-migrate-state", "-force-copy");
    expect((await states()).map(({ key }) => key)).toEqual(["cipherwatch/dev/bootstrap.tfstate"]);
    rmSync(localState());
    await emulator.takeCalls(); // discards the calls of the operator who runs bootstrap
  });

  describe("all other stacks, starting with registry", () => {
    let applied: ReadonlyMap<string, Promise<void>>;
    beforeAll(async () => {
      const { CIPHERWATCH_IMAGE_DIGEST: _, ...withoutImage } = WITH_IMAGE;
      const firstOutput = await workspace.synth("without-image", {
        ...withoutImage,
        CIPHERWATCH_STATE_BUCKET: stateBucket,
      });
      await init(firstOutput, ["registry"]);
      await init(all, others);
      applied = inDependencyOrder(dependenciesOf(others), CONCURRENCY, async (stack) => {
        if (stack === "registry") await apply(firstOutput, stack);
        await apply(all, stack);
      });
    });
    afterAll(async () => {
      calls.set("apply", await emulator.takeCalls());
    });

    test("applies registry without an image, then with one", async () => {
      await applied.get("registry");
    });

    test.each(others.filter((stack) => stack !== "registry"))("applies %s", async (stack) => {
      await applied.get(stack);
    });
  });
});

describe("second plan", () => {
  let planned: ReadonlyMap<string, Promise<Plan>>;
  beforeAll(() => {
    const plan = (stack: string) =>
      timings.measure(stack, "second plan", () => terraform(all, stack).plan("-lock=false"));
    const pipelines = inDependencyOrder(unordered(others), CONCURRENCY, plan);
    // An operator plans bootstrap, so take the pipeline's calls first.
    const bootstrapPlan = Promise.allSettled(pipelines.values()).then(async () => {
      calls.set("plan", await emulator.takeCalls());
      return plan(BOOTSTRAP);
    });
    planned = new Map([...pipelines, [BOOTSTRAP, bootstrapPlan]]);
  });

  test.each([...others, BOOTSTRAP])("has no changes for %s", async (stack) => {
    const plan = await planned.get(stack);
    if (plan === undefined) return expect.unreachable();
    plans.set(`${stack}, second plan`, plan);
    expect(describeChanges(plan.changes)).toEqual([]);
    // An empty plan has no changes of outputs either.
    if (plan.changes.length === 0) expect(plan.hasChanges, plan.output).toBe(false);
  });
});

describe("detections", () => {
  /** With the real ARNs, as Terraform inserted them into the patterns. */
  let scope: DetectionScope;
  let monitoring: Monitoring;
  beforeAll(async () => {
    const keyArns = keyArnsByAlias(await states());
    const account = { accountId: ACCOUNT, region: REGION };
    const groupNames = SECURITY_GROUPS.map((part) => resourceName(settings.env, part));
    scope = labScope(
      settings.env,
      account,
      (alias) => keyArns.get(alias) ?? "",
      settings,
      networkOf(await states(), groupNames),
    );
    monitoring = await emulator.monitoring();
  });

  test.each([...detections, ...cisPack])("give $id its alarms and topics", (detection) => {
    for (const name of alarmNamesOf(detection, scope)) {
      const actions = monitoring.alarms.find((alarm) => alarm.name === name)?.actions;
      expect(new Set(actions).size, name).toBe(detection.notifiesBothTopics ? 2 : 1);
      for (const action of actions ?? []) expect(action, name).toMatch(/^arn:aws:sns:/);
    }
  });

  test.each([...detections, ...cisPack].filter((detection) => detection.source === "trail"))(
    "give $id its metric filter on the log group of the trail",
    (detection) => {
      for (const [index, pattern] of filterPatterns(detection, scope).entries()) {
        expect(monitoring.filters).toContainEqual({
          name: filterNameOf(detection, scope, index),
          pattern,
          logGroupName: scope.trailLogGroupName,
        });
      }
    },
  );

  test("give an attack under way its composite alarm", () => {
    expect(monitoring.alarms.map(({ name }) => name)).toContain(alarmNameOf(attackUnderWay, scope));
  });
});

describe("a changed setting", () => {
  /** Plans the stacks whose configuration changes; all others have the same plan as in the second run. */
  async function planChanges(name: string, variables: SettingsVariables) {
    const output = await workspace.synth(name, {
      ...WITH_IMAGE,
      ...variables,
      CIPHERWATCH_STATE_BUCKET: stateBucket,
    });
    const changedStacks = stacks.filter(
      (stack) => output.configuration(stack) !== all.configuration(stack),
    );
    await init(output, changedStacks);
    const planned = inDependencyOrder(unordered(changedStacks), CONCURRENCY, (stack) =>
      terraform(output, stack).plan("-refresh=false"),
    );
    return new Map(
      await Promise.all([...planned].map(async ([stack, plan]) => [stack, await plan] as const)),
    );
  }

  test("for the image digest changes only the service stack", async () => {
    const changed = await planChanges("other-image", { CIPHERWATCH_IMAGE_DIGEST: digest("2") });
    expect([...changed.keys()]).toEqual(["service"]);
    expect(
      changed
        .get("service")
        ?.changes.map(({ type }) => type)
        .sort(),
    ).toEqual(["aws_ecs_service", "aws_ecs_task_definition"]);
  });

  test("for the task size replaces only the task definition", async () => {
    const changed = await planChanges("larger-task", {
      CIPHERWATCH_TASK_CPU: "512",
      CIPHERWATCH_TASK_MEMORY: "2048",
    });
    const changes = [...changed.values()].flatMap((plan) => plan.changes);
    // Keeps the keys, the database, the buckets and the trail.
    expect(
      changes.filter(({ actions }) => actions.includes("delete")).map(({ type }) => type),
    ).toEqual(["aws_ecs_task_definition"]);
  });
});

describe("states and output", () => {
  test("keeps the states in the bucket, encrypted, each under its own key", async () => {
    const stored = await states();
    expect(stored.map(({ key }) => key).sort()).toEqual(
      stacks.map((stack) => `cipherwatch/dev/${stack}.tfstate`).sort(),
    );
    expect(new Set(stored.map(({ encryption }) => encryption))).toEqual(new Set(["aws:kms"]));
  });

  test("contain no secret", async () => {
    const secrets = await collectSecrets(emulator);
    expect(Object.keys(secrets)).toContainEqual(expect.stringMatching(/^the password of rds!db-/));
    const texts: (readonly [name: string, text: string])[] = [...printed];
    for (const [name, plan] of plans) {
      texts.push([name, plan.output], [`${name} as JSON`, plan.json]);
    }
    for (const state of await states()) texts.push([state.key, stateText(state)]);
    for (const stack of stacks) {
      texts.push([`${stack}, outputs`, JSON.stringify(await terraform(all, stack).outputs())]);
    }
    expect(texts.flatMap(([name, text]) => findSecrets(name, text, secrets))).toEqual([]);
  });
});

test("a restored database is taken over without a replacement or a downgrade", async () => {
  const { changes } = await restoreDatabase(await emulator.fork(), all);
  expect(changes).toMatchObject([{ address: "aws_db_instance.Instance", actions: ["update"] }]);
  expect(changes[0]?.attributes).toContain("manage_master_user_password");
  expect(changes[0]?.attributes).not.toContain("engine_version");
});

describe("removal", () => {
  let destroyed: ReadonlyMap<string, Promise<unknown>>;
  beforeAll(async () => {
    expect(unexpectedRemainders(await emulator.remainingResources())).not.toEqual([]);
    await emulator.takeCalls();
    destroyed = inDependencyOrder(
      reverseDependencies(dependenciesOf(others)),
      CONCURRENCY,
      (stack) => timings.measure(stack, "destroy", terraform(all, stack).destroy),
    );
  });

  test.each(others.toReversed())("destroys %s", async (stack) => {
    await destroyed.get(stack);
  });

  test("does not destroy bootstrap while the state bucket is in use", async () => {
    calls.set("destroy", await emulator.takeCalls());
    await expect(terraform(all, BOOTSTRAP).destroy()).rejects.toThrow(/prevent_destroy/);
    expect(await states()).not.toEqual([]);
  });

  test("destroys bootstrap after its state is local again", async () => {
    const localOutput = await workspace.synth("all", WITH_IMAGE);
    await terraform(localOutput, BOOTSTRAP).init("-migrate-state", "-force-copy");
    await timings.measure(BOOTSTRAP, "destroy", terraform(localOutput, BOOTSTRAP).destroy);
    expect(JSON.parse(readFileSync(localState(), "utf8")).resources).toEqual([]);
  });

  test("leaves no resources behind", async () => {
    expect(unexpectedRemainders(await emulator.remainingResources())).toEqual([]);
  });
});

describe("pipeline roles", () => {
  const bootstrap = synthesized.get(BOOTSTRAP);
  const permissions = (role: "Plan" | "Deploy") =>
    bootstrap === undefined ? [] : permissionsOfRole(bootstrap, role);
  const missing = (phase: "apply" | "plan" | "destroy", role: "Plan" | "Deploy") => {
    const actions = requiredActions(calls.get(phase) ?? []);
    expect(actions.length).toBeGreaterThan(50);
    return deniedActions(actions, permissions(role));
  };

  test("allow the plan role all calls of a plan without a lock", () => {
    expect(missing("plan", "Plan")).toEqual([]);
  });

  test("allow the deploy role all calls that apply the stacks", () => {
    expect(missing("apply", "Deploy")).toEqual([]);
  });

  test("deny the deploy role calls that destroy data or evidence", () => {
    expect(missing("destroy", "Deploy")).toEqual(DESTRUCTIVE_ACTIONS);
  });
});
