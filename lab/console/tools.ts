import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { replayPage } from "./replay/page.ts";
import {
  createReports,
  MAX_MEGABYTES,
  type ReplayFiles,
  type ReplayInput,
  validateFiles,
} from "./replay/run.ts";
import { requireToken } from "./security.ts";
import type { ConsoleSources } from "./sources.ts";
import { trailItems } from "./trail.ts";
import { workbenchPage } from "./workbench/page.ts";
import { WorkbenchRequest, workbenchResults } from "./workbench/results.ts";

const MEGABYTE = 1024 * 1024;

/** Serves the filter workbench: its page, and the results for a pattern and events. */
export function workbenchRoutes(sources: ConsoleSources, token: string): Hono {
  const routes = new Hono();
  routes.get("/workbench", (c) =>
    c.html(
      workbenchPage(sources, {
        token,
        filterName: c.req.query("filter"),
        recordId: c.req.query("record"),
      }),
    ),
  );
  const limit = limitBody(
    1,
    "The pasted events have more than 1 MB; paste fewer. Replay evaluates whole files.",
  );
  routes.post("/api/workbench", requireToken(token), limit, async (c) => {
    const request = WorkbenchRequest.safeParse(await c.req.json().catch(() => undefined));
    if (!request.success) {
      const [issue] = request.error.issues;
      return c.text(`${issue?.path.join(".") || "request"}: ${issue?.message}`, 422);
    }
    return c.html(workbenchResults(sources, request.data));
  });
  return routes;
}

/** Serves the replay of files: its page, the upload, and the reports. Runs one replay at a time. */
export function replayRoutes(sources: ConsoleSources, token: string, replay: ReplayFiles): Hono {
  const reports = createReports();
  let isRunning = false;
  const routes = new Hono();
  routes.get("/replay", (c) => c.html(replayPage(sources, token)));
  routes.get("/replay/reports/:id", (c) => {
    const report = reports.get(c.req.param("id"));
    return report === undefined
      ? c.text("The lab no longer holds this report; replay the files again.", 404)
      : c.html(report);
  });
  const limit = limitBody(
    MAX_MEGABYTES + 1,
    `The files have more than ${MAX_MEGABYTES} MB. For more, run: npm run replay -- FOLDER`,
  );
  routes.post("/api/replay", requireToken(token), limit, async (c) => {
    if (isRunning) return c.text("Another replay is running; wait until it ends.", 409);
    isRunning = true;
    try {
      const input = await replayInput(c, sources);
      const error = validateFiles(input.files);
      if (error !== undefined) return c.text(error, 422);
      return c.json({ id: reports.add(await replay(input, c.req.raw.signal)) });
    } catch (error) {
      return c.text(error instanceof Error ? error.message : String(error), 422);
    } finally {
      isRunning = false;
    }
  });
  return routes;
}

function limitBody(megabytes: number, message: string) {
  return bodyLimit({ maxSize: megabytes * MEGABYTE, onError: (c) => c.text(message, 413) });
}

const MAX_TRAIL_RECORDS = 100_000;

/** Reads the form; without files, takes the records of the lab's own trail, role and key. */
async function replayInput(c: Context, sources: ConsoleSources): Promise<ReplayInput> {
  const form = await c.req.formData();
  const field = (name: string) => String(form.get(name) ?? "").trim();
  if (field("source") !== "trail") {
    const files = form.getAll("files").filter((value) => value instanceof File);
    return { files, roleArn: field("roleArn"), keyArn: field("keyArn") };
  }
  const delivered = trailItems(sources, MAX_TRAIL_RECORDS).filter((item) => item.delivered);
  if (delivered.length === 0) {
    throw new Error(
      "The lab's trail has no records yet; send a wrong Key, and wait for the email.",
    );
  }
  const records = delivered.map(({ message }) => message).join(",");
  const { serviceRoleArn: roleArn, keyArn } = sources.scope;
  return { files: [new File([`{"Records":[${records}]}`], "lab-trail.json")], roleArn, keyArn };
}
