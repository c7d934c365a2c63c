import { closeSync, existsSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { OperatorError } from "./operator-error.ts";
import { createDestination, createLogger, errorFields, metricFields } from "./telemetry.ts";

describe("metric fields", () => {
  test("use the embedded metric format, with high resolution where an alarm needs it", () => {
    const fields = metricFields(
      "Cipherwatch",
      { Requests: 1, DecryptDenied: 1 },
      1_700_000_000_000,
    );
    expect(fields).toEqual({
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: "Cipherwatch",
            Dimensions: [["Service"]],
            Metrics: [
              { Name: "Requests", Unit: "Count", StorageResolution: 60 },
              { Name: "DecryptDenied", Unit: "Count", StorageResolution: 1 },
            ],
          },
        ],
      },
      Service: "api",
      Requests: 1,
      DecryptDenied: 1,
    });
  });
});

describe("error fields", () => {
  test("have the type and stack of an error without its message", () => {
    const error = Object.assign(new TypeError("Stephen loves\n    at Pizza place"), {
      code: "22P02",
      detail: "Key (name)=(Stephen) already exists.",
      parameters: ["Stephen"],
    });
    const fields = errorFields(error);
    expect(fields).toMatchObject({ error: "TypeError", code: "22P02" });
    expect(JSON.stringify(fields.stack)).toContain("telemetry.test.ts");
    expect(JSON.stringify(fields)).not.toMatch(/Stephen|Pizza/);
  });

  test("keep the message of an OperatorError", () => {
    expect(errorFields(new OperatorError("PORT must be a number"))).toEqual({
      error: "PORT must be a number",
    });
  });

  test("describe a thrown value that is not an Error", () => {
    expect(errorFields("Stephen")).toEqual({ error: "string" });
  });
});

test("writes each log entry as one line of JSON", () => {
  const written: string[] = [];
  const logger = createLogger({
    level: "info",
    destination: { write: (l) => void written.push(l) },
  });
  logger.info({ value: 'a\n{"b":1}' }, "said");
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(String(written[0]))).toMatchObject({ level: "info", msg: "said" });
});

test.skipIf(!existsSync("/dev/full"))("a full disk behind the log ends nothing", () => {
  const fd = openSync("/dev/full", "w");
  const logger = createLogger({ level: "info", destination: createDestination(fd) });
  for (let line = 0; line < 3; line++)
    expect(() => logger.info("x".repeat(1_000_000))).not.toThrow();
  closeSync(fd);
});
