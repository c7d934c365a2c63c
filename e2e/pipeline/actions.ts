import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { actionPins } from "../../.github/scripts/checks/pins.ts";
import { signIn } from "./aws-sign-in.ts";
import { copyInto } from "./files.ts";
import type { JobRun } from "./workflow-run.ts";

type Inputs = Readonly<Record<string, string>>;
type Outputs = Readonly<Record<string, string>>;
type Action = (job: JobRun, inputs: Inputs) => Promise<Outputs | undefined>;

/** Fakes of the actions that the workflows use; an action without a fake fails the run. */
export const actions: Readonly<Record<string, Action>> = Object.fromEntries(
  Object.entries({
    "actions/checkout": async ({ run, workspace, permissions }, { ref }) => {
      if (permissions.contents === undefined)
        throw new Error("actions/checkout needs the permission contents: read.");
      rmSync(workspace, { recursive: true });
      await run.testbed.gitRemote.checkOut(
        ref === undefined || ref === "" ? run.event.sha : ref,
        workspace,
      );
      // A branch only synthesizes: its artifact would contain the file, which its review rejects.
      if (run.event.name !== "pull_request") run.testbed.useLocalProvider(workspace);
      return undefined;
    },

    "actions/upload-artifact": async ({ run, workspace }, inputs) => {
      const { name = "artifact", path = "" } = inputs;
      const found = copyInto(join(workspace, path), join(run.artifacts, name));
      if (found) {
        const { api } = run.testbed;
        api.artifacts.push({ name, run: run.id, created_at: api.now() });
      }
      if (!found && inputs["if-no-files-found"] === "error") {
        throw new Error(`There is no ${path} to upload.`);
      }
      return undefined;
    },

    "actions/download-artifact": async (
      { run, workspace, permissions },
      { name, pattern, path = "", ...inputs },
    ) => {
      const target = join(workspace, path);
      const runId = inputs["run-id"] ?? "";
      if (runId !== "" && permissions.actions === undefined)
        throw new Error("Resource not accessible by integration");
      const artifacts =
        runId === "" ? run.artifacts : (run.testbed.artifacts.get(Number(runId)) ?? "");
      mkdirSync(target, { recursive: true });
      if (name !== undefined) {
        if (!copyInto(join(artifacts, name), target))
          throw new Error(`There is no artifact ${name}.`);
        return undefined;
      }
      const prefix = (pattern ?? "").replace(/\*$/, "");
      for (const artifact of readdirSync(artifacts).filter((each) => each.startsWith(prefix))) {
        const merged = inputs["merge-multiple"] === "true";
        copyInto(join(artifacts, artifact), merged ? target : join(target, artifact));
      }
      return undefined;
    },

    "aws-actions/configure-aws-credentials": async (job, inputs) => {
      const { run, permissions, environment, exported } = job;
      if (permissions["id-token"] !== "write") {
        throw new Error("Credentials could not be loaded: the job has no OIDC token.");
      }
      if (inputs["allowed-account-ids"] !== run.testbed.accountId) {
        throw new Error("The account is not in allowed-account-ids.");
      }
      const credentials = await signIn(
        run.testbed.roles,
        inputs["role-to-assume"] ?? "",
        inputs["role-session-name"] ?? "",
        {
          repository: run.testbed.api.repository,
          ...(environment === undefined ? {} : { environment }),
          event: run.event.name,
          ref: run.event.ref,
          file: run.file,
        },
      );
      run.testbed.addSecret(credentials.AWS_SECRET_ACCESS_KEY ?? "");
      Object.assign(exported, credentials, {
        AWS_REGION: inputs["aws-region"] ?? "",
        AWS_DEFAULT_REGION: inputs["aws-region"] ?? "",
      });
      run.assumedRoles.push(inputs["role-to-assume"] ?? "");
      return undefined;
    },

    "aws-actions/amazon-ecr-login": async ({ exported }) => {
      if (exported.AWS_ACCESS_KEY_ID === undefined)
        throw new Error("There are no AWS credentials.");
      return undefined;
    },

    "github/codeql-action/upload-sarif": async ({ run, workspace, permissions }, inputs) => {
      if (permissions["security-events"] !== "write") {
        throw new Error("Resource not accessible by integration");
      }
      const folder = join(workspace, inputs.sarif_file ?? "");
      for (const file of readdirSync(folder)) {
        const { runs } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Sarif;
        for (const { automationDetails, tool } of runs) {
          if (run.categories.has(automationDetails.id)) {
            throw new Error(`There are two SARIF runs with the category ${automationDetails.id}.`);
          }
          run.categories.add(automationDetails.id);
          for (const { properties } of tool.driver.rules) {
            if (!/^\d+(\.\d+)?$/.test(properties["security-severity"] ?? "")) {
              throw new Error("security-severity must be a number.");
            }
          }
        }
      }
      return undefined;
    },

    "actions/attest-build-provenance": async ({ run, permissions }, inputs) => {
      if (permissions.attestations !== "write" || permissions["id-token"] !== "write") {
        throw new Error("Resource not accessible by integration");
      }
      run.attested.push(`${inputs["subject-name"]}@${inputs["subject-digest"]}`);
      run.testbed.attestations.add({
        digest: inputs["subject-digest"] ?? "",
        repository: run.testbed.api.repository,
        workflow: `.github/workflows/${run.file}`,
        ref: run.event.ref,
      });
      return undefined;
    },

    "actions/setup-node": async () => undefined,
    "docker/setup-buildx-action": async () => undefined,
    "docker/setup-qemu-action": async () => undefined,
    "hashicorp/setup-terraform": async () => undefined,
  } satisfies Record<string, Action>).map(([name, action]): [string, Action] => [
    name,
    async (job, inputs) => {
      const unknown = Object.keys(inputs).filter(
        (input) => !actionPins[name]?.inputs.includes(input),
      );
      if (unknown.length > 0) throw new Error(`${name} has no input ${unknown.join(", ")}.`);
      return action(job, inputs);
    },
  ]),
);

interface Sarif {
  readonly runs: readonly {
    readonly automationDetails: { readonly id: string };
    readonly tool: {
      readonly driver: {
        readonly rules: readonly { readonly properties: Readonly<Record<string, string>> }[];
      };
    };
  }[];
}
