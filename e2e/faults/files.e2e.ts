import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { importing } from "../database/over-tls.ts";
import {
  encryptUnderLoad,
  expectAllOpen,
  expectRecovery,
  LONG,
  SERVICE_ROLE,
  useTestbed,
} from "./testbed.ts";

const milliseconds = LONG ? 30_000 : 3_000;
const OPEN_FILES = 256;

describe("more clients than files", () => {
  const testbed = useTestbed({ REQUEST_TIMEOUT: "60000" }, {}, OPEN_FILES);

  test("leave files for KMS and the database", async () => {
    const { service } = testbed();
    const sockets = Array.from({ length: 500 }, () => connect(service.port, "127.0.0.1"));
    for (const socket of sockets) socket.on("error", () => {});
    await Promise.all(sockets.slice(0, 50).map((socket) => once(socket, "connect")));
    await expectRecovery(testbed());
    const { tally, acknowledged } = await encryptUnderLoad(testbed(), { lanes: 300, milliseconds });
    // A client may also lose its idle connection to another client.
    for (const code of ["KmsUnavailable", "DatabaseUnavailable"])
      expect(tally[code]).toBeUndefined();
    for (const socket of sockets) socket.destroy();
    await expectRecovery(testbed());
    await expectAllOpen(testbed(), acknowledged);
  });
});

/** A name must be resolved first. */
describe.each(["localhost", "127.0.0.1"])("a process without files, to %s", (DATABASE_HOST) => {
  /** Runs in the service: opens every file that is free until it closes them. */
  const program = `
    import { closeSync, openSync } from "node:fs";
    const files = [];
    const openAll = () => { try { for (;;) files.push(openSync("/dev/null")); } catch {} };
    let timer;
    process.on("message", (message) => {
      clearInterval(timer);
      if (message === "open") timer = setInterval(openAll, 1);
      else for (const file of files.splice(0)) closeSync(file);
    });`;
  const testbed = useTestbed({ DATABASE_HOST, NODE_OPTIONS: importing(program) }, {}, OPEN_FILES);

  test("answers while it can open no connection, does not end, and recovers", async () => {
    const { admin, service } = testbed();
    const { acknowledged } = await encryptUnderLoad(testbed(), { milliseconds: 500 });
    const load = encryptUnderLoad(testbed(), { milliseconds });
    for (let times = 0; times < milliseconds / 500; times += 1) {
      service.child.send("open");
      await admin`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${SERVICE_ROLE}`;
      await delay(250);
      service.child.send("close");
      await delay(250);
    }
    const { acknowledged: meanwhile } = await load;
    await expectRecovery(testbed());
    expect(service.errors()).toBe("");
    await expectAllOpen(testbed(), [...acknowledged, ...meanwhile]);
  });
});
