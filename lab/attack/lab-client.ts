import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { keyGenerationsOf } from "../../common/naming.ts";
import type { CloudTrailRecord } from "../../detections/detection.ts";
import type { DetectionScope } from "../../detections/scope.ts";
import type { Account } from "../../terraform/reader.ts";
import { trailLogStream } from "../aws/cloudtrail/cloudtrail.ts";
import { fetchFromLab } from "../fetch-from-lab.ts";
import { clientHeaders } from "../identity/token.ts";
import { labScope } from "../scope.ts";
import type { Endpoints } from "../state/data-folder.ts";
import { AwsCallError, type AwsClient, createAwsClient } from "./aws-client.ts";
import { retargetRecord } from "./retarget-record.ts";
import { createSpeedControl, type SpeedControl } from "./speed.ts";

/** The attacker's access key. The lab maps an unknown access key to the IAM user of that name. */
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
  trailArn: z.string(),
  /** Existing resources that the stacks use instead of creating them, and values that AWS assigns to created ones. */
  existing: z.object({
    securityGroupIds: z.array(z.string()),
    vpcEndpointIds: z.array(z.string()),
    natAddresses: z.array(z.string()),
    trailLogGroup: z.string().optional(),
    trailBucket: z.string().optional(),
    rolePath: z.string().default("/"),
    urgentTopicArn: z.string().optional(),
    routineTopicArn: z.string().optional(),
    topicKeyArn: z.string().optional(),
    customerManagedKeys: z.enum(["all", "records"]).optional(),
    vpcId: z.string().optional(),
  }),
});

const AliasList = z.object({
  Aliases: z.array(
    z.object({ AliasName: z.string(), AliasArn: z.string(), TargetKeyId: z.string() }),
  ),
});

const AlarmEvents = z.object({
  events: z.array(z.object({ eventId: z.string(), requestId: z.string().optional() })),
});

export type LabState = z.infer<typeof State>;
export type LabAlarm = LabState["alarms"][number];
export type LabEmail = LabState["inbox"][number];

/** The URLs of a running lab, without a trailing slash. */
export type LabUrls = Pick<Endpoints, "service" | "aws" | "console" | "issuer">;

/** A running lab, accessed over HTTP only. */
export interface LabClient extends SpeedControl {
  readonly urls: LabUrls;
  readonly scope: DetectionScope;
  readonly state: () => Promise<LabState>;
  readonly region: string;
  readonly trailArn: string;
  /** Calls AWS as the attacker, an administrator of the account. */
  readonly attacker: AwsClient;
  readonly attackerArn: string;
  /** Calls AWS with the access key of a session. */
  readonly clientFor: (accessKeyId: string) => AwsClient;
  /** Returns and forgets the request ids of the calls to AWS. Their CloudTrail records have the same ids. */
  readonly takeRequestIds: () => readonly string[];
  /** Returns the request and event ids of the events that the alarm counted last. */
  readonly alarmEventIds: (alarmName: string) => Promise<readonly string[]>;
  /** Whether the service requires access tokens. */
  readonly hasIdentity: boolean;
  /** Sends a request to the service. With identity, as a client of the lab's issuer: the attacker by default. */
  readonly post: (
    path: string,
    body: object,
    client?: string,
  ) => Promise<{ status: number; json: unknown }>;
  /** Puts a detection's example record into the trail's log group, as CloudTrail delivers it. */
  readonly putTrailRecord: (record: CloudTrailRecord, times: number) => Promise<void>;
  /** Puts a line into the service's log group, as the log driver of the ECS task does. */
  readonly putServiceLogLine: (line: (now: number) => object, times: number) => Promise<void>;
}

/** Reads the URLs of the lab on a data folder. @throws Error that explains how to start a lab, if none is running */
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

/**
 * Connects to a running lab, and reads its scope.
 * @throws Error if the lab does not respond, or has no alarm `cipherwatch-<env>-trail-silent`
 */
export async function connectToLab(urls: LabUrls): Promise<LabClient> {
  const state = () => readState(urls.console);
  const started = await state();
  const { env, account } = identifyDeployment(started);
  const requestIds: string[] = [];
  const clientFor = (accessKeyId: string) =>
    createAwsClient({
      endpoint: urls.aws,
      region: account.region,
      credentials: { accessKeyId },
      onCall: (requestId) => requestIds.push(requestId),
    });
  const attacker = clientFor(ATTACKER);
  const { aliases, keyArnOf } = await readKeys(attacker);
  const settings = { ...started.existing, keyGenerations: keyGenerationsOf(env, aliases) };
  const scope = labScope(env, account, keyArnOf, settings, started.existing);
  const headers = new Map<string, ReturnType<typeof clientHeaders>>();
  const headersOf = (client: string) => {
    const known = headers.get(client) ?? clientHeaders(urls.issuer, client);
    headers.set(client, known);
    return known;
  };
  const now = async () => Date.parse((await state()).clock.now);
  const putLogEvents = async (
    stream: { readonly logGroupName: string; readonly logStreamName: string },
    event: { readonly timestamp: number; readonly message: string },
    times: number,
  ) => {
    for (let left = times; left > 0; left -= EVENTS_PER_CALL) {
      const logEvents = Array(Math.min(left, EVENTS_PER_CALL)).fill(event);
      await attacker.json("logs", "PutLogEvents", { ...stream, logEvents });
    }
  };

  return {
    urls,
    scope,
    state,
    region: account.region,
    trailArn: started.trailArn,
    attacker,
    attackerArn: `arn:aws:iam::${account.accountId}:user/${ATTACKER}`,
    clientFor,
    takeRequestIds: () => requestIds.splice(0),
    ...createSpeedControl(urls.console, async () => (await state()).clock.speed),
    alarmEventIds: async (alarmName) => {
      const response = await fetchFromLab(
        "console",
        `${urls.console}/api/alarms/${encodeURIComponent(alarmName)}/events`,
      );
      const { events } = AlarmEvents.parse(await response.json());
      return events.flatMap(({ eventId, requestId }) => [eventId, requestId ?? eventId]);
    },
    hasIdentity: urls.issuer !== undefined,
    post: async (path, body, client = ATTACKER) => {
      const response = await fetchFromLab("service", `${urls.service}${path}`, {
        method: "POST",
        headers: await headersOf(client),
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
      await attacker.json("logs", "CreateLogStream", stream).catch((error: unknown) => {
        const exists = error instanceof AwsCallError && error.code.includes("AlreadyExists");
        if (!exists) throw error;
      });
      const timestamp = await now();
      await putLogEvents(stream, { timestamp, message: JSON.stringify(line(timestamp)) }, times);
    },
  };
}

/** Reads the KMS keys of the lab. @returns their aliases, and a function that returns the ARN of an alias's key */
async function readKeys(client: AwsClient) {
  const { Aliases } = AliasList.parse(await client.json("kms", "ListAliases"));
  const keyArnOf = (alias: string) => {
    const { AliasArn, TargetKeyId } = Aliases.find(({ AliasName }) => AliasName === alias) ?? {};
    if (AliasArn !== undefined) return AliasArn.replace(alias, `key/${TargetKeyId}`);
    const known = Aliases.map(({ AliasName }) => AliasName).join(", ") || "none";
    throw new Error(`The lab has no KMS key with the alias ${alias}. Its aliases: ${known}.`);
  };
  return { aliases: Aliases.map(({ AliasName }) => AliasName), keyArnOf };
}

async function readState(consoleUrl: string): Promise<LabState> {
  const response = await fetchFromLab("console", `${consoleUrl}/api/state`);
  return State.parse(await response.json());
}

/** Derives the environment, account and Region of the lab from its alarm `cipherwatch-<env>-trail-silent`. */
function identifyDeployment({ alarms }: LabState) {
  for (const { name, arn } of alarms) {
    const env = /^cipherwatch-(?!watch-)(.+)-trail-silent$/.exec(name)?.[1];
    const [, , , region, accountId] = arn.split(":");
    if (env !== undefined && region !== undefined && accountId !== undefined) {
      const account: Account = { region, accountId };
      return { env, account };
    }
  }
  throw new Error(
    `The lab has no alarm named cipherwatch-<env>-trail-silent, from which its environment is derived. Its alarms: ${alarms.map(({ name }) => name).join(", ") || "none"}.`,
  );
}
