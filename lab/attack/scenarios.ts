import {
  DecryptCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
} from "@aws-sdk/client-kms";
import { z } from "zod";
import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import type { LabClient } from "./lab-client.ts";
import { serviceLogLine } from "./service-log-line.ts";

/** A sequence of calls or log events that a detection must report. */
export interface Scenario {
  /** A clause without a full stop, for example "mallory disables an alarm's actions". */
  readonly description: string;
  /**
   * `live`: calls the service or the AWS endpoint, which record the calls as in AWS. `injected`: puts the
   * record into the log group itself, because the lab does not emulate the attacked service.
   */
  readonly kind: "live" | "injected";
  /** @param threshold the threshold of the detection's alarm in this lab */
  readonly run: (lab: LabClient, threshold: number) => Promise<void>;
}

const FORBIDDEN = 403;

/** Concurrent requests: enough for many per second, and far below the service's limit. */
const CONCURRENCY = 16;

const LIVE: Readonly<Record<string, Scenario>> = {
  "kms-errors": {
    description: "somebody sends wrong Keys to the service",
    kind: "live",
    run: (lab, threshold) => tryWrongKeys(lab, threshold),
  },
  "decrypt-denied": {
    description: "a program sends many wrong Keys per second to the service",
    kind: "live",
    // The requests spread over several of the alarm's ten-second periods, because lab time runs faster.
    run: (lab, threshold) => tryWrongKeys(lab, threshold * 10),
  },
  "kms-outsider": {
    description: "mallory encrypts and decrypts with the service's KMS key, bypassing the service",
    kind: "live",
    run: async ({ kms, scope }) => {
      const { keyArn: KeyId } = scope;
      const Plaintext = Buffer.from("x");
      const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext }));
      await kms.send(new DecryptCommand({ KeyId, CiphertextBlob }));
    },
  },
  "kms-volume": {
    description:
      "somebody with a Key decrypts a record 1.5 times as often as the alarm's threshold",
    kind: "live",
    run: (lab, threshold) => decryptRepeatedly(lab, Math.ceil(threshold * 1.5)),
  },
  "kms-key-change": {
    description: "mallory disables the service's KMS key and enables it again",
    kind: "live",
    run: async ({ kms, scope }) => {
      const { keyArn: KeyId } = scope;
      try {
        await kms.send(new DisableKeyCommand({ KeyId }));
      } finally {
        await kms.send(new EnableKeyCommand({ KeyId }));
      }
    },
  },
  "alarm-change": {
    description: "mallory disables the actions of an alarm and enables them again",
    kind: "live",
    run: async ({ callAws, state, scope }) => {
      const { alarms } = await state();
      const otherAlarm = alarms.find(
        ({ name }) => name !== alarmNameOf({ id: "alarm-change" }, scope),
      );
      if (otherAlarm === undefined) throw new Error("The lab has no other alarm to disable.");
      const AlarmNames = [otherAlarm.name];
      const service = "GraniteServiceVersion20100801";
      try {
        await callAws(`${service}.DisableAlarmActions`, { AlarmNames });
      } finally {
        await callAws(`${service}.EnableAlarmActions`, { AlarmNames });
      }
    },
  },
};

/** A live scenario if the lab emulates the attacked service; otherwise the detection's first example. */
export function scenarioFor(detection: Detection): Scenario {
  return LIVE[detection.id] ?? injectedScenario(detection);
}

function injectedScenario(detection: Detection): Scenario {
  if (detection.source === "trail") {
    const { name, record } = firstExample(detection.id, detection.mustFire);
    return {
      description: name,
      kind: "injected",
      run: (lab, threshold) => lab.putTrailRecord(record, threshold),
    };
  }
  const { name, values } = firstExample(detection.id, detection.mustFire);
  return {
    description: name,
    kind: "injected",
    run: (lab, threshold) =>
      lab.putServiceLogLine((now) => serviceLogLine(detection, lab.scope, values, now), threshold),
  };
}

function firstExample<Example>(id: string, [example]: readonly Example[]): Example {
  if (example === undefined) throw new Error(`${id} has no example that must fire.`);
  return example;
}

async function tryWrongKeys({ post }: LabClient, count: number): Promise<void> {
  await concurrently(count, async (index) => {
    const { status } = await post("/decrypt", { Name: "Stephen", Key: `some-false-key-${index}` });
    if (status !== FORBIDDEN) {
      throw new Error(`The service returned ${status} for a wrong Key; expected ${FORBIDDEN}.`);
    }
  });
}

const EncryptResponse = z.object({ Key: z.string() });

async function decryptRepeatedly({ post }: LabClient, count: number): Promise<void> {
  const Name = "Stephen";
  const send = async (path: string, body: object) => {
    const { status, json } = await post(path, body);
    if (status !== 200)
      throw new Error(`The service returned ${status} for ${path}; expected 200.`);
    return json;
  };
  const { Key } = EncryptResponse.parse(await send("/encrypt", { Name, Text: "I love Pizza" }));
  await concurrently(count, () => send("/decrypt", { Name, Key }));
}

async function concurrently(
  count: number,
  task: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, worker));
}
