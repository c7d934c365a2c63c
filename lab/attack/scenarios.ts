import {
  DecryptCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
} from "@aws-sdk/client-kms";
import { z } from "zod";
import { alarmNameOf } from "../../detections/cloudwatch-names.ts";
import type { Detection } from "../../detections/detection.ts";
import { type MetricValues, metricFields } from "../../service/telemetry.ts";
import type { LabClient } from "./lab-client.ts";

/** How a detection is acted out. */
export interface Act {
  /** What happens, in a sentence without its full stop. */
  readonly says: string;
  /**
   * `real`: by calls that the lab carries out and records itself. `record`: the lab lacks the service that
   * is attacked, so the record that CloudTrail would deliver is put into its log group.
   */
  readonly kind: "real" | "record";
  /** @param threshold at which the alarm fires in this lab */
  readonly run: (lab: LabClient, threshold: number) => Promise<void>;
}

const REFUSED = 403;

/** At once, so that what is to be fast is; far below what the service works on. */
const IN_PARALLEL = 16;

const REAL: Readonly<Record<string, Act>> = {
  "kms-errors": {
    says: "somebody tries wrong Keys at the service",
    kind: "real",
    run: async (lab, threshold) => {
      await tryWrongKeys(lab, threshold);
    },
  },
  "decrypt-denied": {
    says: "a program tries wrong Keys at the service, many a second",
    kind: "real",
    // They spread over some ten-second periods of the lab's time.
    run: async (lab, threshold) => {
      await tryWrongKeys(lab, threshold * 10);
    },
  },
  "kms-outsider": {
    says: "mallory encrypts and decrypts under the service's key, past the service",
    kind: "real",
    run: async ({ kms, scope }) => {
      const { keyArn: KeyId } = scope;
      const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from("x") }));
      await kms.send(new DecryptCommand({ KeyId, CiphertextBlob: sealed.CiphertextBlob }));
    },
  },
  "kms-volume": {
    says: "somebody with a Key opens a record as often as the alarm wants, and half as often again",
    kind: "real",
    run: async (lab, threshold) => {
      const Name = "Stephen";
      const { status, json } = await lab.ask("/encrypt", { Name, Text: "I love Pizza" });
      const { Key } = Sealed.parse(json);
      if (status !== 200) throw new Error(`The service answered /encrypt with ${status}.`);
      await inParallel(Math.ceil(threshold * 1.5), async () => {
        const { status } = await lab.ask("/decrypt", { Name, Key });
        if (status !== 200) throw new Error(`The service answered /decrypt with ${status}.`);
      });
    },
  },
  "kms-key-change": {
    says: "mallory disables the service's key, and enables it again",
    kind: "real",
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
    says: "mallory disables the actions of an alarm, and enables them again",
    kind: "real",
    run: async ({ call, state, scope }) => {
      const own = alarmNameOf({ id: "alarm-change" }, scope);
      const { alarms } = await state();
      const victim = alarms.find(({ name }) => name !== own);
      if (victim === undefined) throw new Error("The lab has no other alarm that could be muted.");
      const service = "GraniteServiceVersion20100801";
      try {
        await call(`${service}.DisableAlarmActions`, { AlarmNames: [victim.name] });
      } finally {
        await call(`${service}.EnableAlarmActions`, { AlarmNames: [victim.name] });
      }
    },
  },
};

export function scenarioFor(detection: Detection): Act {
  const real = REAL[detection.id];
  if (real !== undefined) return real;
  if (detection.source === "trail") {
    const [example] = detection.mustFire;
    if (example === undefined) throw new Error(`${detection.id} has no example to act out.`);
    return {
      says: example.name,
      kind: "record",
      run: (lab, threshold) => lab.deliver(example.record, threshold),
    };
  }
  const [example] = detection.mustFire;
  if (example === undefined) throw new Error(`${detection.id} has no example to act out.`);
  return {
    says: example.name,
    kind: "record",
    run: (lab, threshold) =>
      lab.logLine(
        (now) => metricFields(lab.scope.serviceNamespace, example.values as MetricValues, now),
        threshold,
      ),
  };
}

const Sealed = z.object({ Key: z.string() });

async function tryWrongKeys(lab: LabClient, count: number): Promise<void> {
  await inParallel(count, async (at) => {
    const { status } = await lab.ask("/decrypt", { Name: "Stephen", Key: `some-false-key-${at}` });
    if (status !== REFUSED) throw new Error(`The service answered a wrong Key with ${status}.`);
  });
}

async function inParallel(count: number, task: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(IN_PARALLEL, count) }, work));
}
