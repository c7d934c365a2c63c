import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** A running AWS provider that Terraform asks only for its schemas. */
export interface SchemaProvider {
  /** TF_REATTACH_PROVIDERS. */
  readonly reattach: string;
  readonly stop: () => void;
}

const DEADLINE_MILLISECONDS = 120_000;

/**
 * Starts the provider that `terraform init` installed. `terraform show` otherwise starts one for each plan, which
 * takes as long as the plan. Plans and applies still start their own, with the credentials of their job.
 * https://developer.hashicorp.com/terraform/plugin/debugging
 * @param stackFolder an initialized stack
 */
export async function startSchemaProvider(stackFolder: string): Promise<SchemaProvider> {
  const child = spawn(installedProvider(stackFolder), ["-debug"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, TF_LOG_SDK: "ERROR", TF_LOG_PROVIDER: "ERROR" },
  });
  return { reattach: await reattachOf(child), stop: () => void child.kill("SIGKILL") };
}

/** Finds <host>/hashicorp/aws/<version>/<platform>/terraform-provider-aws…; the last folder can be a link. */
function installedProvider(stackFolder: string): string {
  const inside = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
  const program = inside(join(stackFolder, ".terraform/providers"))
    .map((host) => join(host, "hashicorp/aws"))
    .filter((folder) => existsSync(folder))
    .flatMap(inside)
    .flatMap(inside)
    .flatMap(inside)
    .find((file) => basename(file).startsWith("terraform-provider-aws"));
  if (program === undefined) throw new Error(`There is no AWS provider in ${stackFolder}.`);
  return program;
}

function reattachOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("The AWS provider did not start in debug mode."));
    }, DEADLINE_MILLISECONDS);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, value] = /TF_REATTACH_PROVIDERS='(.*)'/.exec(output) ?? [];
      if (value === undefined) return;
      clearTimeout(timer);
      resolve(value);
    });
    child.once("exit", (code) => reject(new Error(`The AWS provider exited with code ${code}.`)));
  });
}
