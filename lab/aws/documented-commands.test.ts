import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { LabClient } from "../attack/lab-client.ts";
import { startAccess } from "../testing/access.ts";

const root = join(import.meta.dirname, "../..");
const PAGES = ["README.md", "package/README.md", "docs/*.md", "docs/runbooks/*.md"];

/** Matches commands of the AWS CLI for the services that the lab emulates, such as `aws kms list-keys`. */
const COMMAND = /\baws (kms|cloudtrail|logs|cloudwatch|sns|sts) ([a-z][a-z-]+)/g;

/** Commands whose operation has another name; undefined for commands about features that the lab does not have. */
const EXCEPTIONS: Readonly<Record<string, string | undefined>> = {
  // A command of the CLI itself.
  "logs tail": "FilterLogEvents",
  // CloudTrail Lake.
  "cloudtrail get-query-results": undefined,
  // The policies of the web ACL's log delivery.
  "logs delete-resource-policy": undefined,
};

const operationOf = (command: string) =>
  command.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

const commands = new Set(
  PAGES.flatMap((pattern) => globSync(pattern, { cwd: root })).flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(COMMAND)].map(
      ([, service, command]) => `${service} ${command}`,
    ),
  ),
);

/** Returns the error code of a call without members; `none` if it succeeds. */
async function codeOf({ attacker }: LabClient, service: string, operation: string) {
  const call =
    service === "sns" || service === "sts"
      ? attacker.query(service, operation)
      : attacker.json(service as "kms", operation);
  return call.then(
    () => "none",
    (error: { readonly code: string }) => error.code,
  );
}

it("emulates the operation of every AWS CLI command in the documentation", async () => {
  const { lab } = await startAccess({});
  expect(commands.size).toBeGreaterThan(25);
  expect(await codeOf(lab, "kms", "DoNothing")).toBe("UnknownOperationException");
  expect(await codeOf(lab, "sns", "DoNothing")).toBe("InvalidAction");
  const unknown: string[] = [];
  for (const command of commands) {
    const [service = "", name = ""] = command.split(" ");
    const operation = command in EXCEPTIONS ? EXCEPTIONS[command] : operationOf(name);
    if (operation === undefined) continue;
    const code = await codeOf(lab, service, operation);
    if (["UnknownOperationException", "InvalidAction"].includes(code)) unknown.push(command);
  }
  expect(unknown).toEqual([]);
});
