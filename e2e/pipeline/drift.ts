import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { onMain } from "./events.ts";
import type { RunResult } from "./run-workflow.ts";
import { IN_ORDER, type Pipeline } from "./use-pipeline.ts";

/** Drift after the first deployment. That a check without drift opens no issue is tested with the rollback. */
export function testDrift(pipeline: Pipeline): void {
  describe("the nightly drift check", { concurrent: true }, () => {
    testDriftIn(pipeline.fork());
  });
}

function testDriftIn({ testbed, start, aws }: Pipeline): void {
  beforeAll(() => {
    const sha = testbed().gitRemote.main();
    testbed().api.deployments.push({ id: 1, environment: "dev", sha, states: ["success"] });
  });

  const GROUP = "/cipherwatch/dev/service";
  const drift = () => start("drift.yml", onMain("schedule", testbed().gitRemote.main()));
  const retention = (days: number) =>
    aws(
      ...["logs", "put-retention-policy", "--log-group-name", GROUP],
      ...["--retention-in-days", String(days)],
    );
  const issues = () => testbed().api.issues.map(({ title, state }) => `${title}: ${state}`);
  const conclusions = ({ conclusion }: RunResult) =>
    ["deployed", "plan", "report"].map((job) => `${job}: ${conclusion(job)}`);

  /**
   * Puts an object into the state bucket while `work` runs.
   * @param bodyOf returns its content; receives the content that it replaces
   */
  async function withObject<T>(
    name: string,
    bodyOf: (before: string) => string,
    work: () => Promise<T>,
  ): Promise<T> {
    const { emulator, variables } = testbed();
    const [, bucket = ""] =
      /CIPHERWATCH_STATE_BUCKET=(\S+)/.exec(variables.SETTINGS_DEV ?? "") ?? [];
    const key = `cipherwatch/dev/${name}`;
    const object = ["--bucket", bucket, "--key", key];
    const before = (await emulator.objects()).find((each) => each.key === key);
    const folder = mkdtempSync(join(tmpdir(), "cipherwatch-object-"));
    testbed().removeLater(folder);
    const content = Buffer.from(before?.body ?? "", "base64").toString();
    const put = async (text: string) => {
      writeFileSync(join(folder, "object"), text);
      await aws("s3api", "put-object", ...object, "--body", join(folder, "object"));
    };
    await put(bodyOf(content));
    try {
      return await work();
    } finally {
      if (before === undefined) await aws("s3api", "delete-object", ...object);
      else await put(content);
    }
  }

  test(
    "opens an issue that names who changed a resource, and skips a stack that is being applied",
    IN_ORDER,
    async () => {
      await retention(1);
      const lock = {
        ID: "6c1e7b5a-0000-0000-0000-000000000000",
        Operation: "OperationTypeApply",
        Who: "operator@laptop",
        Created: "2026-11-20T01:02:03Z",
      };
      const run = await withObject("kms.tfstate.tflock", () => JSON.stringify(lock), drift);
      expect(conclusions(run), run.log.slice(-2000)).toContain("report: success");
      expect(issues()).toEqual(["Drift in dev: open"]);
      const body = testbed().api.issues[0]?.body ?? "";
      expect(body).toMatch(/retention_in_days = 1\n\+ {5}retention_in_days = \d+/);
      expect(body).toMatch(
        /: `PutRetentionPolicy` by `arn:aws:iam::\d{12}:user\/administrator` at \d{4}-\d\d-\d\dT/,
      );
      expect(run.log).toMatch(/kms is not checked: operator@laptop \(OperationTypeApply since/);
    },
  );

  test(
    "reports a failed plan apart from drift, and closes both issues once AWS can be planned and matches",
    IN_ORDER,
    async () => {
      await retention(30);
      const failed = await withObject("kms.tfstate", unreadable, drift);
      expect(conclusions(failed)).toEqual([
        "deployed: success",
        "plan: failure",
        "report: failure",
      ]);
      expect(issues()).toEqual(["Drift in dev: open", "The drift check of dev failed: open"]);
      expect(testbed().api.issues[1]?.body).toMatch(
        /This is not drift\..*`kms` could not be planned/s,
      );
      const matching = await drift();
      expect(conclusions(matching)).toContain("report: success");
      expect(issues()).toEqual(["Drift in dev: closed", "The drift check of dev failed: closed"]);
    },
  );
}

/** Marks a resource as written by a newer provider: `terraform init` succeeds, a plan fails. */
function unreadable(state: string): string {
  const parsed = JSON.parse(state) as {
    readonly resources: readonly { readonly mode: string; readonly instances: readonly object[] }[];
  };
  const managed = parsed.resources.find(({ mode }) => mode === "managed");
  Object.assign(managed?.instances[0] ?? {}, { schema_version: 99 });
  return JSON.stringify(parsed);
}
