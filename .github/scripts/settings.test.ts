import { afterEach, beforeEach, expect, test } from "vitest";
import { readEnvironment } from "./settings.ts";
import { makeRunner, type Runner } from "./testing/runner.ts";

const SETTINGS = `
# Where the pipeline may go.
PLAN_ROLE_ARN=arn:aws:iam::111122223333:role/bootstrap/cipherwatch-dev-plan
DEPLOY_ROLE_ARN=arn:aws:iam::111122223333:role/bootstrap/cipherwatch-dev-deploy
PLAN_BUCKET=cipherwatch-dev-plans-111122223333

CIPHERWATCH_ENV=dev
CIPHERWATCH_ACCOUNT_ID=111122223333
CIPHERWATCH_ALERT_EMAIL="security@example.com"
CIPHERWATCH_ALLOWED_CIDRS='203.0.113.0/24, 198.51.100.7/32'
CIPHERWATCH_GITHUB_REPOSITORY=example-org/cipherwatch
CIPHERWATCH_STATE_BUCKET=cipherwatch-dev-state-111122223333
`;
const without = (name: string) => SETTINGS.replace(new RegExp(`^${name}=.*\n`, "m"), "");

test("parses an .env file", () => {
  const { variables, settings, planRole, deployRole, planBucket } = readEnvironment(
    "dev",
    SETTINGS,
  );
  expect(settings).toMatchObject({
    env: "dev",
    accountId: "111122223333",
    allowedCidrs: ["203.0.113.0/24", "198.51.100.7/32"],
  });
  expect(variables.CIPHERWATCH_ALERT_EMAIL).toBe("security@example.com");
  expect(Object.keys(variables).filter((name) => !name.startsWith("CIPHERWATCH_"))).toEqual([]);
  expect([planRole, deployRole, planBucket]).toEqual([
    "arn:aws:iam::111122223333:role/bootstrap/cipherwatch-dev-plan",
    "arn:aws:iam::111122223333:role/bootstrap/cipherwatch-dev-deploy",
    "cipherwatch-dev-plans-111122223333",
  ]);
});

test.each([
  "PLAN_ROLE_ARN",
  "DEPLOY_ROLE_ARN",
  "PLAN_BUCKET",
  "CIPHERWATCH_ENV",
  "CIPHERWATCH_ACCOUNT_ID",
  "CIPHERWATCH_GITHUB_REPOSITORY",
  "CIPHERWATCH_STATE_BUCKET",
])("requires %s", (name) => {
  expect(() => readEnvironment("dev", without(name))).toThrow(
    new RegExp(`SETTINGS_DEV is invalid: ${name} is missing.*docs/pipeline\\.md`, "s"),
  );
});

test("rejects the settings of another environment", () => {
  expect(() => readEnvironment("prod", SETTINGS)).toThrow(
    /SETTINGS_PROD is invalid: CIPHERWATCH_ENV must be "prod", received "dev"/,
  );
});

test.each([
  ["CIPHERWATCH_REGION=sydney", /SETTINGS_DEV.*CIPHERWATCH_REGION/s],
  ["CIPHERWATCH_IMAGE_DIGEST=sha256:0", /remove CIPHERWATCH_IMAGE_DIGEST, which the pipeline sets/],
  ["AWS_SECRET_ACCESS_KEY=hunter2", /unknown setting AWS_SECRET_ACCESS_KEY/],
  ["PATH=/tmp", /unknown setting PATH/],
  ["just words", /line 13 must be NAME=value or a comment/],
])("rejects %s without showing its value", (line, message) => {
  const read = () => readEnvironment("dev", `${SETTINGS}${line}\n`);
  expect(read).toThrow(message);
  expect(read).not.toThrow(/hunter2/);
});

test.each(["arn:aws:iam::999999999999:role/x", "cipherwatch-dev-plan"])(
  "the role %s is refused: it is not of the account",
  (role) => {
    const text = SETTINGS.replace(/^PLAN_ROLE_ARN=.*$/m, `PLAN_ROLE_ARN=${role}`);
    expect(() => readEnvironment("dev", text)).toThrow(
      /PLAN_ROLE_ARN must be the ARN of a role in the account/,
    );
  },
);

let runner: Runner;
beforeEach(() => {
  runner = makeRunner();
});
afterEach(() => {
  runner.remove();
});

test("exports the settings to later steps and sets outputs", async () => {
  const { code, outputs, variables } = await runner.run("settings.ts", {
    ENVIRONMENT: "dev",
    SETTINGS: `${SETTINGS}CIPHERWATCH_CPU_ARCHITECTURE=ARM64\n`,
  });
  expect(code).toBe(0);
  expect(variables).toMatchObject({
    CIPHERWATCH_ENV: "dev",
    CIPHERWATCH_ACCOUNT_ID: "111122223333",
  });
  expect(outputs).toMatchObject({
    region: "ap-southeast-2",
    "account-id": "111122223333",
    platform: "linux/arm64",
    "github-environment": "dev",
    "plan-bucket": "cipherwatch-dev-plans-111122223333",
  });
});

test("names the missing variable of an environment without settings", async () => {
  const { code, log } = await runner.run("settings.ts", { ENVIRONMENT: "prod" });
  expect(code).toBe(1);
  expect(log).toMatch(/no variable SETTINGS_PROD.*docs\/pipeline\.md/);
});
