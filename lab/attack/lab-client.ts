import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KMSClient } from "@aws-sdk/client-kms";
import { z } from "zod";
import { ENVIRONMENTS } from "../../common/environment.ts";
import { keyAlias } from "../../common/naming.ts";
import type { CloudTrailRecord } from "../../detections/detection.ts";
import type { DetectionScope } from "../../detections/scope.ts";
import type { Account } from "../../terraform/reader.ts";
import { trailLogStream } from "../aws/cloudtrail/cloudtrail.ts";
import type { Endpoints } from "../state/data-folder.ts";
import { labScope, retargetRecord } from "./scope.ts";

/** Who attacks: an access key that the lab knows nothing of is the IAM user of its name. */
const ATTACKER = "mallory";

const LOG_STREAM = "attack";

/** The parts of `GET /api/state` that an attack looks at. */
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
    z.object({
      at: z.string(),
      to: z.string(),
      subject: z.string(),
      body: z.string(),
    }),
  ),
});

const AliasList = z.object({
  Aliases: z.array(
    z.object({ AliasName: z.string(), AliasArn: z.string(), TargetKeyId: z.string() }),
  ),
});

export type LabState = z.infer<typeof State>;
export type LabMail = LabState["inbox"][number];

/** A lab in another process, as an attacker and a defender see it. */
export interface LabClient {
  readonly endpoints: Pick<Endpoints, "service" | "aws" | "console">;
  readonly scope: DetectionScope;
  readonly state: () => Promise<LabState>;
  /** KMS as the attacker, with an identity of their own. */
  readonly kms: KMSClient;
  /** Any other call as the attacker, by a service's JSON protocol. @throws Error with AWS's own words */
  readonly call: (target: string, input: object) => Promise<unknown>;
  /** A request to the service. */
  readonly ask: (path: string, body: object) => Promise<{ status: number; json: unknown }>;
  /** Puts a record into the trail's log group, as CloudTrail would deliver it. */
  readonly deliver: (record: CloudTrailRecord, times: number) => Promise<void>;
  /** Puts a line into the service's log group, as the service's log driver would. */
  readonly logLine: (line: (now: number) => object, times: number) => Promise<void>;
  readonly close: () => void;
}

/** @throws Error that says how to start a lab, when none runs on the folder */
export function endpointsIn(folder: string): Pick<Endpoints, "service" | "aws" | "console"> {
  const file = join(folder, "endpoints.json");
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Endpoints;
  } catch {
    throw new Error(
      `No lab runs on ${folder}: there is no ${file}. Start one with \`npm start\`, or name its folder with --data DIR.`,
    );
  }
}

/** @throws Error when the lab does not answer, or runs what is not ours */
export async function connect(endpoints: LabClient["endpoints"]): Promise<LabClient> {
  const state = () => stateAt(endpoints.console);
  const { env, account } = placeOf(await state());
  const credentials = { accessKeyId: ATTACKER, secretAccessKey: "none" };
  const kms = new KMSClient({ endpoint: endpoints.aws, region: account.region, credentials });
  const call = (target: string, input: object) =>
    jsonCall(endpoints.aws, account.region, target, input);

  const { Aliases } = AliasList.parse(await call("TrentService.ListAliases", {}));
  const arnOf = (alias: string) => {
    const known = Aliases.find(({ AliasName }) => AliasName === alias);
    if (known === undefined) throw new Error(`The lab has no key with the alias ${alias}.`);
    return known.AliasArn.replace(alias, `key/${known.TargetKeyId}`);
  };
  const scope = labScope(env, account, {
    keyArn: arnOf(keyAlias(env)),
    trailKeyArn: arnOf(keyAlias(env, "trail")),
    topicKeyArn: arnOf(keyAlias(env, "alarms")),
  });

  async function put(
    logGroupName: string,
    logStreamName: string,
    message: (now: number) => object,
    times: number,
  ): Promise<void> {
    const now = Date.parse((await state()).clock.now);
    const event = { timestamp: now, message: JSON.stringify(message(now)) };
    for (let left = times; left > 0; left -= EVENTS_PER_CALL) {
      const logEvents = Array.from({ length: Math.min(left, EVENTS_PER_CALL) }, () => event);
      await call("Logs_20140328.PutLogEvents", { logGroupName, logStreamName, logEvents });
    }
  }

  return {
    endpoints,
    scope,
    state,
    kms,
    call,
    ask: (path, body) => ask(`${endpoints.service}${path}`, body),
    deliver: (record, times) => {
      const message = retargetRecord(record, scope, account);
      const stream = trailLogStream(account.accountId, account.region);
      return put(scope.trailLogGroupName, stream, () => message, times);
    },
    logLine: async (line, times) => {
      const logGroupName = scope.serviceLogGroupName;
      const stream = { logGroupName, logStreamName: LOG_STREAM };
      await call("Logs_20140328.CreateLogStream", stream).catch((error: unknown) => {
        if (!String(error).includes("ResourceAlreadyExists")) throw error;
      });
      await put(logGroupName, LOG_STREAM, line, times);
    },
    close: () => kms.destroy(),
  };
}

const EVENTS_PER_CALL = 200;

async function stateAt(console: string): Promise<LabState> {
  let answer: Response;
  try {
    answer = await fetch(`${console}/api/state`);
  } catch (cause) {
    throw new Error(
      `The lab does not answer at ${console}: it has ended. Start it again with \`npm start\`.`,
      { cause },
    );
  }
  return State.parse(await answer.json());
}

/** The environment, account and region that the lab runs, from the names of its alarms. */
function placeOf({ alarms }: LabState) {
  for (const { name, arn } of alarms) {
    const env = ENVIRONMENTS.find((known) => name.startsWith(`cipherwatch-${known}-`));
    const [, , , region, accountId] = arn.split(":");
    if (env !== undefined && region !== undefined && accountId !== undefined) {
      const account: Account = { region, accountId };
      return { env, account };
    }
  }
  throw new Error(
    `The lab has no alarm of cipherwatch; it has ${alarms.map(({ name }) => name).join(", ") || "none"}.`,
  );
}

/** A call by AWS's JSON protocol. The lab checks no signature, so there is none. */
async function jsonCall(
  endpoint: string,
  region: string,
  target: string,
  input: object,
): Promise<unknown> {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": target,
      Authorization: `AWS4-HMAC-SHA256 Credential=${ATTACKER}/20260101/${region}/lab/aws4_request, SignedHeaders=host, Signature=none`,
    },
    body: JSON.stringify(input),
  });
  const output = await answer.json();
  if (!answer.ok) throw new Error(`${target}: ${JSON.stringify(output)}`);
  return output;
}

async function ask(url: string, body: object): Promise<{ status: number; json: unknown }> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, json: await answer.json() };
}
