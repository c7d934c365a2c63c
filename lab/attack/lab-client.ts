import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KMSClient, ListAliasesCommand } from "@aws-sdk/client-kms";
import { z } from "zod";
import { ENVIRONMENTS } from "../../common/environment.ts";
import type { CloudTrailRecord } from "../../detections/detection.ts";
import type { DetectionScope } from "../../detections/scope.ts";
import type { Account } from "../../terraform/reader.ts";
import { trailLogStream } from "../aws/cloudtrail/cloudtrail.ts";
import { labScope } from "../scope.ts";
import type { Endpoints } from "../state/data-folder.ts";
import { retargetRecord } from "./retarget-record.ts";

/** The attacker's access key: the lab treats an unknown access key as the IAM user of that name. */
const ATTACKER = "mallory";

const LOG_STREAM = "attack";
const EVENTS_PER_CALL = 200;

/** The parts of `GET /api/state` that attacks read. Times are ISO 8601 in lab time. */
const State = z.object({
  clock: z.object({ now: z.string(), speed: z.number() }),
  alarms: z.array(
    z.looseObject({
      name: z.string(),
      arn: z.string(),
      state: z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]),
      threshold: z.number().optional(),
    }),
  ),
  inbox: z.array(
    z.object({ at: z.string(), to: z.string(), subject: z.string(), body: z.string() }),
  ),
});

export type LabState = z.infer<typeof State>;
export type LabAlarm = LabState["alarms"][number];
export type LabEmail = LabState["inbox"][number];

/** The URLs of a running lab, without a trailing slash. */
export type LabUrls = Pick<Endpoints, "service" | "aws" | "console">;

/** A running lab, accessed over HTTP only. */
export interface LabClient {
  readonly urls: LabUrls;
  readonly scope: DetectionScope;
  readonly state: () => Promise<LabState>;
  /** Calls KMS as the attacker. */
  readonly kms: KMSClient;
  /**
   * Calls another AWS service as the attacker, in the JSON protocol.
   * @param target `X-Amz-Target`: the service's prefix, a dot and the operation
   * @throws Error with the response's body if the call fails
   */
  readonly callAws: (target: string, input: object) => Promise<unknown>;
  /** Sends a request to the service. */
  readonly post: (path: string, body: object) => Promise<{ status: number; json: unknown }>;
  /** Puts a detection's example record into the trail's log group, as CloudTrail delivers it. */
  readonly putTrailRecord: (record: CloudTrailRecord, times: number) => Promise<void>;
  /** Puts a line into the service's log group, as the log driver of the ECS task does. */
  readonly putServiceLogLine: (line: (now: number) => object, times: number) => Promise<void>;
  readonly close: () => void;
}

/** @throws Error that explains how to start a lab, if none is running on the data folder */
export function readLabUrls(dataFolder: string): LabUrls {
  const file = join(dataFolder, "endpoints.json");
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Endpoints;
  } catch {
    throw new Error(
      `No lab is running on ${dataFolder}: cannot read ${file}. Start one with \`npm start\`, or pass its data folder with --data DIR.`,
    );
  }
}

/** @throws Error if the lab does not respond, or has no alarm with one of our names */
export async function connectToLab(urls: LabUrls): Promise<LabClient> {
  const state = () => readState(urls.console);
  const { env, account } = identifyDeployment(await state());
  const credentials = { accessKeyId: ATTACKER, secretAccessKey: "none" };
  const kms = new KMSClient({ endpoint: urls.aws, region: account.region, credentials });
  const callAws = (target: string, input: object) =>
    callJsonApi(urls.aws, account.region, target, input);

  const { Aliases = [] } = await kms.send(new ListAliasesCommand({}));
  const scope = labScope(env, account, (alias) => {
    const { AliasArn, TargetKeyId } = Aliases.find(({ AliasName }) => AliasName === alias) ?? {};
    if (AliasArn !== undefined) return AliasArn.replace(alias, `key/${TargetKeyId}`);
    throw new Error(`The lab has no KMS key with the alias ${alias}.`);
  });
  const now = async () => Date.parse((await state()).clock.now);
  const putLogEvents = async (
    stream: { readonly logGroupName: string; readonly logStreamName: string },
    event: { readonly timestamp: number; readonly message: string },
    times: number,
  ) => {
    for (let left = times; left > 0; left -= EVENTS_PER_CALL) {
      const logEvents = Array(Math.min(left, EVENTS_PER_CALL)).fill(event);
      await callAws("Logs_20140328.PutLogEvents", { ...stream, logEvents });
    }
  };

  return {
    urls,
    scope,
    state,
    kms,
    callAws,
    post: async (path, body) => {
      const response = await fetch(`${urls.service}${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      return { status: response.status, json: await response.json() };
    },
    putTrailRecord: async (record, times) => {
      const logStreamName = trailLogStream(account.accountId, account.region);
      const message = JSON.stringify(retargetRecord(record, scope, account));
      const stream = { logGroupName: scope.trailLogGroupName, logStreamName };
      await putLogEvents(stream, { timestamp: await now(), message }, times);
    },
    putServiceLogLine: async (line, times) => {
      const stream = { logGroupName: scope.serviceLogGroupName, logStreamName: LOG_STREAM };
      await callAws("Logs_20140328.CreateLogStream", stream).catch((error: unknown) => {
        if (!String(error).includes("ResourceAlreadyExists")) throw error;
      });
      const timestamp = await now();
      await putLogEvents(stream, { timestamp, message: JSON.stringify(line(timestamp)) }, times);
    },
    close: () => kms.destroy(),
  };
}

async function readState(consoleUrl: string): Promise<LabState> {
  let response: Response;
  try {
    response = await fetch(`${consoleUrl}/api/state`);
  } catch (cause) {
    throw new Error(
      `The lab does not respond at ${consoleUrl}; it has ended. Start it again with \`npm start\`.`,
      { cause },
    );
  }
  return State.parse(await response.json());
}

/** Derives the environment, account and region that the lab runs from its first alarm with our prefix. */
function identifyDeployment({ alarms }: LabState) {
  for (const { name, arn } of alarms) {
    const env = ENVIRONMENTS.find((candidate) => name.startsWith(`cipherwatch-${candidate}-`));
    const [, , , region, accountId] = arn.split(":");
    if (env !== undefined && region !== undefined && accountId !== undefined) {
      const account: Account = { region, accountId };
      return { env, account };
    }
  }
  throw new Error(
    `The lab has no alarm whose name starts with cipherwatch-. Its alarms: ${alarms.map(({ name }) => name).join(", ") || "none"}.`,
  );
}

/** Calls an operation in AWS's JSON 1.1 protocol, unsigned: the lab does not check signatures. */
async function callJsonApi(
  endpoint: string,
  region: string,
  target: string,
  input: object,
): Promise<unknown> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": target,
      Authorization: `AWS4-HMAC-SHA256 Credential=${ATTACKER}/20260101/${region}/lab/aws4_request, SignedHeaders=host, Signature=none`,
    },
    body: JSON.stringify(input),
  });
  const output = await response.json();
  if (!response.ok) throw new Error(`${target} failed: ${JSON.stringify(output)}`);
  return output;
}
