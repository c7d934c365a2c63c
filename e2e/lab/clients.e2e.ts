import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../common/run.ts";
import { root, type SpawnedLab, spawnLab, waitFor } from "../../lab/testing/spawn-lab.ts";

const ALARM = "cipherwatch-dev-kms-errors";

let folder: string;
let lab: SpawnedLab;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cipherwatch-clients-"));
  lab = await spawnLab(join(folder, "data"));
  const { AWS_CA_BUNDLE: _, AWS_PROFILE: __, ...inherited } = process.env;
  env = {
    ...inherited,
    AWS_ENDPOINT_URL: lab.aws,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "ap-southeast-2",
    AWS_DEFAULT_REGION: "ap-southeast-2",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
});

afterAll(async () => {
  await lab?.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

async function aws(...args: string[]): Promise<unknown> {
  const { stdout } = await run(["aws", ...args, "--output", "json"], { env });
  return stdout.trim() === "" ? undefined : JSON.parse(stdout);
}

async function awsError(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(["aws", ...args], { env, accept: "any" });
  expect(code, `aws ${args.join(" ")} succeeded: ${stdout}`).not.toBe(0);
  return stderr;
}

describe("curl", () => {
  const curl = async (method: string, path: string, data: unknown) => {
    const args = ["--silent", "--header", "Content-Type: application/json", "--request", method];
    const url = `${lab.service}${path}`;
    const { stdout } = await run(["curl", ...args, "--data", JSON.stringify(data), url]);
    return JSON.parse(stdout) as Record<string, string>;
  };

  it("encrypts, decrypts by a GET with a body, and gets one email about wrong Keys", async () => {
    const { Message, Key } = await curl("POST", "/encrypt", {
      Name: "Stephen",
      Text: "I love Pizza",
    });
    expect(Message).toMatch(/^Data encrypted and stored/);
    expect(await curl("GET", "/decrypt", { Name: "Stephen", Key })).toEqual({
      Text: "I love Pizza",
    });
    const wrong = { Name: "Stephen", Key: "some-random-false-key" };
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await curl("GET", "/decrypt", wrong)).toMatchObject({
        Message: "Data decryption failed, make sure you have the correct key",
      });
    }
    const [email, ...others] = await waitFor("an email", async () => {
      const { inbox } = await lab.state();
      return inbox.length > 0 ? inbox : undefined;
    });
    expect(others).toEqual([]);
    expect(email?.subject).toMatch(/ALARM.*kms-errors/);
  });
});

describe("the AWS CLI", () => {
  const key = "alias/cipherwatch-dev";

  it("runs each command of the README", async () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const [, lines = ""] = /^```sh\n(export AWS_ENDPOINT_URL=.*?)^```/ms.exec(readme) ?? [];
    const script = lines.replace("http://127.0.0.1:4566", lab.aws);
    expect(script).not.toBe(lines);
    const { AWS_REGION: _, AWS_DEFAULT_REGION: __, ...bare } = env;
    const { stdout } = await run(["bash", "-ec", script], {
      cwd: root,
      env: { ...bare, AWS_CONFIG_FILE: join(folder, "none") },
    });
    for (const member of ["Aliases", "Events", "MetricAlarms", "results", "matches"]) {
      expect(stdout).toContain(`"${member}": `);
    }
    expect(stdout).toContain("The key policy denies it.");
  });

  it("encrypts and decrypts once the key policy allows it, bound to the encryption context", async () => {
    const { KeyMetadata } = (await aws("kms", "describe-key", "--key-id", key)) as {
      KeyMetadata: { Arn: string };
    };
    const { Arn } = KeyMetadata;
    const { Policy } = (await aws("kms", "get-key-policy", "--key-id", Arn)) as { Policy: string };
    expect(await awsError("kms", "encrypt", "--key-id", key, "--plaintext", "eA==")).toMatch(
      /AccessDeniedException.*no resource-based policy allows the kms:Encrypt action/s,
    );
    const policy = JSON.parse(Policy);
    const allowed = { Effect: "Allow", Principal: { AWS: "*" }, Action: "kms:*", Resource: "*" };
    await aws(
      ...["kms", "put-key-policy", "--key-id", Arn, "--policy"],
      JSON.stringify({ ...policy, Statement: [...policy.Statement, allowed] }),
    );
    const plaintext = join(folder, "plaintext");
    const ciphertext = join(folder, "ciphertext");
    writeFileSync(plaintext, "attack at dawn");
    const context = ["--encryption-context", "app=cipherwatch"];
    const { CiphertextBlob } = (await aws(
      ...["kms", "encrypt", "--key-id", key, "--plaintext", `fileb://${plaintext}`, ...context],
    )) as { CiphertextBlob: string };
    writeFileSync(ciphertext, Buffer.from(CiphertextBlob, "base64"));
    const { Plaintext } = (await aws(
      ...["kms", "decrypt", "--ciphertext-blob", `fileb://${ciphertext}`, ...context],
    )) as { Plaintext: string };
    expect(Buffer.from(Plaintext, "base64").toString()).toBe("attack at dawn");

    const bytes = readFileSync(ciphertext);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(`${ciphertext}.bad`, bytes);
    const decrypt = (...args: string[]) => awsError("kms", "decrypt", "--ciphertext-blob", ...args);
    expect(await decrypt(`fileb://${ciphertext}`)).toMatch(/InvalidCiphertextException/);
    expect(await decrypt(`fileb://${ciphertext}.bad`, ...context)).toMatch(
      /InvalidCiphertextException/,
    );
    expect(await decrypt(`fileb://${ciphertext}`, "--key-id", "alias/none", ...context)).toMatch(
      /NotFoundException/,
    );
    writeFileSync(plaintext, Buffer.alloc(4097));
    expect(
      await awsError("kms", "encrypt", "--key-id", key, "--plaintext", `fileb://${plaintext}`),
    ).toMatch(/ValidationException.*less than or equal to 4096/s);
  });

  it("tests a filter pattern", async () => {
    expect(
      await aws(
        ...["logs", "test-metric-filter", "--filter-pattern", '{ $.errorCode = "*" }'],
        ...["--log-event-messages", '{"errorCode":"X"}', '{"eventName":"Decrypt"}'],
      ),
    ).toMatchObject({ matches: [{ eventNumber: 1, eventMessage: '{"errorCode":"X"}' }] });
    expect(
      await awsError(
        ...["logs", "test-metric-filter", "--filter-pattern", "{ $.a == 1 }"],
        ...["--log-event-messages", "x"],
      ),
    ).toMatch(/InvalidParameterException.*Invalid metric filter pattern/s);
  });

  it("looks up events, alarms, filters, log groups, subscriptions and its own identity", async () => {
    const event = await waitFor("a delivered record", async () => {
      const { Events } = (await aws(
        ...["cloudtrail", "lookup-events", "--max-items", "10", "--lookup-attributes"],
        "AttributeKey=EventName,AttributeValue=Decrypt",
      )) as { Events: { EventSource: string }[] };
      return Events[0];
    });
    expect(event.EventSource).toBe("kms.amazonaws.com");
    const { MetricAlarms } = (await aws(
      ...["cloudwatch", "describe-alarms", "--alarm-names", ALARM],
    )) as { MetricAlarms: { AlarmActions: string[] }[] };
    expect(MetricAlarms).toMatchObject([{ AlarmName: ALARM, TreatMissingData: "notBreaching" }]);
    expect(await aws("cloudwatch", "describe-alarm-history", "--alarm-name", ALARM)).toHaveProperty(
      "AlarmHistoryItems",
    );
    const { metricFilters } = (await aws(
      ...["logs", "describe-metric-filters", "--log-group-name", "/cipherwatch/dev/trail"],
      ...["--filter-name-prefix", ALARM],
    )) as {
      metricFilters: { logGroupName: string; filterName: string }[];
    };
    expect(metricFilters[0]?.filterName).toBe(ALARM);
    const group = metricFilters[0]?.logGroupName ?? "";
    expect(await aws("logs", "describe-log-groups")).toMatchObject({
      logGroups: expect.arrayContaining([expect.objectContaining({ logGroupName: group })]),
    });
    const { events } = (await aws(
      ...["logs", "filter-log-events", "--log-group-name", group],
      ...["--filter-pattern", '{ $.errorCode = "InvalidCiphertextException" }'],
    )) as { events: unknown[] };
    expect(events.length).toBeGreaterThan(0);
    const topic = MetricAlarms[0]?.AlarmActions[0] ?? "";
    expect(await aws("sns", "list-subscriptions-by-topic", "--topic-arn", topic)).toMatchObject({
      Subscriptions: [{ Protocol: "email" }],
    });
    expect(await aws("sts", "get-caller-identity")).toMatchObject({ Account: "111122223333" });
  });

  it("puts a metric, reads its statistics, and sets an alarm's state, which sends an email", async () => {
    const { clock } = await lab.state();
    const now = Date.parse(clock.now);
    await aws(
      ...["cloudwatch", "put-metric-data", "--namespace", "Test", "--metric-name", "M"],
      ...["--value", "3"],
    );
    expect(
      await aws(
        ...["cloudwatch", "get-metric-statistics", "--namespace", "Test", "--metric-name", "M"],
        ...["--period", "86400", "--statistics", "Sum"],
        ...["--start-time", new Date(now - 86_400_000).toISOString()],
        ...["--end-time", new Date(now + 2 * 86_400_000).toISOString()],
      ),
    ).toMatchObject({ Datapoints: [{ Sum: 3 }] });
    const { inbox } = await lab.state();
    await waitFor("OK", async () =>
      (await lab.state()).alarms.some(({ name, state }) => name === ALARM && state === "OK")
        ? true
        : undefined,
    );
    await aws(
      ...["cloudwatch", "set-alarm-state", "--alarm-name", ALARM],
      ...["--state-value", "ALARM", "--state-reason", "a drill"],
    );
    const emails = await waitFor("the drill's email", async () => {
      const current = (await lab.state()).inbox;
      return current.length > inbox.length ? current : undefined;
    });
    expect(emails.some(({ body }) => body.includes("a drill"))).toBe(true);
  });

  it("runs a saved query, as a runbook says", async () => {
    const name = "cipherwatch-dev/kms-errors";
    const { queryDefinitions } = (await aws(
      ...["logs", "describe-query-definitions", "--query-definition-name-prefix", name],
    )) as { queryDefinitions: { queryString: string; logGroupNames: string[] }[] };
    const [saved] = queryDefinitions;
    const range = ["--start-time", "0", "--end-time", "4102444800"];
    const start = ["logs", "start-query", "--log-group-names", ...(saved?.logGroupNames ?? [])];
    const { queryId } = (await aws(
      ...[...start, ...range, "--query-string", saved?.queryString ?? ""],
    )) as { queryId: string };
    const { status, results } = (await aws(
      ...["logs", "get-query-results", "--query-id", queryId],
    )) as { status: string; results: { field: string; value: string }[][] };
    expect(status).toBe("Complete");
    expect(results[0]).toContainEqual({ field: "errorCode", value: "InvalidCiphertextException" });
    expect(
      await awsError(...start, ...range, "--query-string", "fields @message | where x"),
    ).toMatch(/MalformedQueryException.*unexpected symbol found where at line 1 and position 18/s);
  });

  it("makes the calls of an attack, which are recorded", async () => {
    const database = ["--db-instance-identifier", "cipherwatch-dev-database"];
    const snapshot = ["--db-snapshot-identifier", "before-migration"];
    expect(await aws("rds", "create-db-snapshot", ...database, ...snapshot)).toMatchObject({
      DBSnapshot: { DBInstanceIdentifier: "cipherwatch-dev-database" },
    });
    await aws(
      ...["rds", "modify-db-snapshot-attribute", ...snapshot, "--attribute-name", "restore"],
      ...["--values-to-add", "444455556666", "555566667777"],
    );
    await aws("rds", "modify-db-instance", ...database, "--publicly-accessible");
    expect(await awsError("rds", "delete-db-instance", "--db-instance-identifier", "x")).toMatch(
      /DBInstanceNotFound/,
    );
    const role = ["--role-name", "cipherwatch-dev-service"];
    expect(await aws("iam", "get-role", ...role)).toMatchObject({
      Role: { AssumeRolePolicyDocument: { Statement: [{ Action: ["sts:AssumeRole"] }] } },
    });
    await aws(
      ...["iam", "attach-role-policy", ...role],
      ...["--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess"],
    );
    const roleArn = "arn:aws:iam::111122223333:role/cipherwatch-dev-service";
    expect(
      await awsError("sts", "assume-role", "--role-arn", roleArn, "--role-session-name", "me"),
    ).toMatch(/AccessDenied.*because no role trust policy allows the sts:AssumeRole action/s);
    await aws("ec2", "delete-flow-logs", "--flow-log-ids", "fl-1", "fl-2");
    await aws(
      ...["ecs", "run-task", "--cluster", "default", "--task-definition", "x:1", "--overrides"],
      JSON.stringify({ taskRoleArn: roleArn }),
    );
    await aws(
      ...["elbv2", "modify-listener", "--listener-arn", "arn:aws:elasticloadbalancing:::x"],
      ...["--protocol", "HTTP", "--port", "80"],
    );
    const { SecretValues } = (await aws(
      ...["secretsmanager", "batch-get-secret-value", "--filters", "Key=name,Values=rds"],
    )) as { SecretValues: { ARN: string }[] };
    expect(
      await aws("secretsmanager", "get-secret-value", "--secret-id", SecretValues[0]?.ARN ?? ""),
    ).toHaveProperty("SecretString");

    const parametersOf = async (name: string) => {
      const record = await waitFor(`the record of ${name}`, async () => {
        const { Events } = (await aws(
          ...["cloudtrail", "lookup-events", "--lookup-attributes"],
          `AttributeKey=EventName,AttributeValue=${name}`,
        )) as { Events: { CloudTrailEvent: string }[] };
        return Events[0];
      });
      return JSON.parse(record.CloudTrailEvent).requestParameters;
    };
    expect(await parametersOf("ModifyDBSnapshotAttribute")).toEqual({
      dBSnapshotIdentifier: "before-migration",
      attributeName: "restore",
      valuesToAdd: ["444455556666", "555566667777"],
    });
    expect(await parametersOf("ModifyDBInstance")).toEqual({
      dBInstanceIdentifier: "cipherwatch-dev-database",
      publiclyAccessible: true,
    });
    expect(await parametersOf("DeleteFlowLogs")).toEqual({
      DeleteFlowLogsRequest: {
        FlowLogId: [
          { content: "fl-1", tag: 1 },
          { content: "fl-2", tag: 2 },
        ],
      },
    });
    expect(await parametersOf("RunTask")).toMatchObject({
      cluster: "default",
      overrides: { taskRoleArn: roleArn },
    });
  });

  it("gets AWS's error for an operation that the lab does not support", async () => {
    expect(await awsError("kms", "create-key")).toMatch(/UnknownOperationException|CreateKey/);
  });
});

it("serves boto3, which parses the response of every operation", async () => {
  const script = fileURLToPath(new URL("boto3_client.py", import.meta.url));
  const { stdout } = await run(["python3", script], { env });
  expect(stdout.trim().split("\n").at(-1)).toBe("all operations succeeded");
});
