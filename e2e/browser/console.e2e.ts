import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectToLab } from "../../lab/attack/lab-client.ts";
import { accessibilityViolations, PATIENCE, visit } from "./chromium.ts";
import { type LabAndBrowser, startLabAndBrowser } from "./lab-and-browser.ts";

const PHONE = { width: 390, height: 844, colorScheme: "dark" } as const;
const PROJECTOR = { width: 1920, height: 1080 } as const;
const HOSTILE = `<img src=x onerror="document.title='hacked'">`;

let lab: LabAndBrowser["lab"];
let browser: LabAndBrowser["browser"];
let close: LabAndBrowser["close"] | undefined;

beforeAll(async () => {
  ({ lab, browser, close } = await startLabAndBrowser());
});
afterAll(() => close?.());

const button = (page: Page, name: string) => page.getByRole("button", { name });
const form = (page: Page, name: string) =>
  page.locator("#request").getByRole("button", { name, exact: true });

/** Vitest's default is 1 s. */
const POLL = { timeout: PATIENCE };

function expectSpeed(speed: number): Promise<void> {
  return expect.poll(async () => (await lab.state()).clock.speed, POLL).toBe(speed);
}

async function overflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - innerWidth");
}

describe("a newcomer in front of a projector", () => {
  it("finds the first click, sends a wrong Key, and reads why the email was sent", async () => {
    const { page, context, problems } = await visit(browser, lab.console, PROJECTOR);
    await page.getByText("Nothing has happened yet.").waitFor();
    // At the lab's own speed, CloudTrail delivers within 5 s, which a slow machine may not show in time.
    await page.getByLabel("Speed").selectOption("1");
    await expectSpeed(1);
    await button(page, "Send a wrong Key").click();
    await page.locator("#result.failure").getByText("POST /decrypt → 403").waitFor();
    await page.locator(".station.waiting", { hasText: "CloudTrail" }).waitFor();
    await page
      .locator(".countdown", { hasText: /^in \d/ })
      .first()
      .waitFor();
    await page.getByLabel("Speed").selectOption("60");
    await page.locator(".station.alert", { hasText: "Email" }).waitFor();
    await page
      .locator(".alarm.firing", { hasText: "kms-errors" })
      .getByText("Threshold Crossed")
      .waitFor();
    await page.locator(".email", { hasText: 'ALARM: "cipherwatch-dev-kms-errors"' }).waitFor();

    await button(page, "Decrypt with a wrong Key").click();
    const record = page.getByRole("dialog");
    await record.getByText(/^[1-9]\d* of \d+ metric filters count this record\.$/).waitFor();
    await record.locator("mark.met", { hasText: "InvalidCiphertextException" }).waitFor();
    expect(await record.locator(".clauses code").first().textContent()).toBe('$.errorCode = "*"');
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await record.waitFor({ state: "hidden" });
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("encrypts and decrypts, and copies the line that does it in a terminal", async () => {
    const { page, context, problems } = await visit(browser, lab.console, PROJECTOR);
    await page.getByLabel("Text", { exact: true }).fill("I love Pizza");
    await form(page, "Encrypt").click();
    await page.locator("#result.success").getByText("POST /encrypt → 200").waitFor();
    const key = await page.getByLabel("Key", { exact: true }).inputValue();
    expect(key).toMatch(/^cwk_/);
    await form(page, "Decrypt").click();
    await page.locator("#result.success").getByText('"Text": "I love Pizza"').waitFor();
    await page.getByText("From a terminal").click();
    await page.locator("#commands code", { hasText: key }).waitFor();
    expect(await page.locator("#commands code", { hasText: key }).textContent()).toContain(
      lab.service,
    );
    expect(problems).toEqual([]);
    await context.close();
  });

  it("stops, moves and resets the clock", async () => {
    const { page, context, problems } = await visit(browser, lab.console, PROJECTOR);
    await button(page, "Pause").click();
    await button(page, "Resume").waitFor();
    const paused = await lab.state();
    expect(paused.clock.speed).toBe(0);
    await button(page, "Step 1 min").click();
    await expect
      .poll(
        async () => Date.parse((await lab.state()).clock.now) - Date.parse(paused.clock.now),
        POLL,
      )
      .toBe(60_000);
    await button(page, "Resume").click();
    await page.getByLabel("Speed").selectOption("120");
    await expectSpeed(120);
    await button(page, "Back to 60×").click();
    await expectSpeed(60);
    expect(problems).toEqual([]);
    await context.close();
  });
});

describe("somebody with a phone", () => {
  it("runs an attack, and sees the alarm on top and its metric", async () => {
    const { page, context, problems } = await visit(browser, lab.console, PHONE);
    await page.getByLabel("Attack").selectOption("kms-outsider");
    await button(page, "Run the attack").click();
    await page.getByText("Attack kms-outsider is running.").first().waitFor();
    await page.getByText(/The email arrived after/).waitFor();
    await page.locator(".alarms > li:first-child.firing").waitFor();
    await page
      .locator(".chain", { hasText: "mallory calls Decrypt" })
      .getByText("Bypassed by mallory")
      .first()
      .waitFor();
    await page
      .locator(".alarm", { hasText: "kms-outsider" })
      .getByRole("button", { name: "Show metric" })
      .click();
    await page.getByRole("heading", { name: "Metric of cipherwatch-dev-kms-outsider" }).waitFor();
    await page.locator("#chart canvas").waitFor();
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("sees a hostile Name as text", async () => {
    const { page, context, problems } = await visit(browser, lab.console, PHONE);
    await page.getByLabel("Name").fill(HOSTILE);
    await form(page, "Encrypt").click();
    await page.locator("#result.success").waitFor();
    await page.getByText("From a terminal").click();
    await page.locator("#commands code", { hasText: "onerror" }).first().waitFor();
    expect(await page.title()).toBe("Cipherwatch lab");
    expect(await page.locator("img").count()).toBe(0);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("does everything with the keyboard", async () => {
    const { page, context } = await visit(browser, lab.console, PHONE);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe(
      "Skip to the first step",
    );
    await page.keyboard.press("Enter");
    for (let press = 0; press < 12; press += 1) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate("document.activeElement.textContent")) === "Send a wrong Key") break;
    }
    await page.keyboard.press("Enter");
    await page.locator("#result.failure").waitFor();
    await context.close();
  });
});

describe("another website", () => {
  it("can neither read nor drive the console", async () => {
    const { page, context } = await visit(browser, lab.service, PROJECTOR);
    const attempt = (path: string, init: object) =>
      page.evaluate(
        ([url, options]) =>
          fetch(url as string, options as object).then(
            (response) => `read ${response.status}`,
            () => "blocked",
          ),
        [`${lab.console}${path}`, init] as const,
      );
    expect(await attempt("/api/state", {})).toBe("blocked");
    const before = (await lab.state()).clock.speed;
    const body = JSON.stringify({ action: "pause" });
    await attempt("/api/actions", { method: "POST", mode: "no-cors", body });
    expect((await lab.state()).clock.speed).toBe(before);
    await context.close();
  });
});

describe("speed", () => {
  it("shows the page as fast with 10,000 records as without, and keeps it smooth", async () => {
    const client = await connectToLab(lab);
    const record = { eventSource: "s3.amazonaws.com", eventName: "ListBuckets" };
    const { page, context } = await visit(browser, lab.console, PROJECTOR);
    const before = await fastestFirstView(page);
    await client.putTrailRecord(record, 10_000);
    const view = await fastestFirstView(page);
    const measured = page.evaluate(FRAME_TIMES) as Promise<readonly number[]>;
    // Further records arrive meanwhile, and the page shows them.
    for (let batch = 0; batch < 5; batch += 1) await client.putTrailRecord(record, 200);
    const frames = await measured;
    const sorted = frames.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY;
    console.log(
      `First view with 10,000 records, the fastest of 3: painted after ${view.paint.toFixed(0)} ms (without: ` +
        `${before.paint.toFixed(0)} ms; limit on a quiet machine: 200 ms); the server needed ` +
        `${view.server.toFixed(0)} ms; ${(view.bytes / 1024).toFixed(0)} KB of HTML, ` +
        `${view.cpu.toFixed(0)} ms of CPU in the page's main thread.\n` +
        `Frames: median ${median.toFixed(1)} ms, longest ${sorted.at(-1)?.toFixed(1)} ms ` +
        "(limit on a quiet machine: 50 ms).",
    );
    // The document, and so the work of the browser, does not grow with the trail.
    expect(view.bytes).toBeLessThan(before.bytes + 10_000);
    // A slow, shared machine needs many times as long; a page that hangs needs longer still.
    expect(view.cpu).toBeLessThan(2_000);
    expect(view.paint).toBeLessThan(20_000);
    expect(median).toBeLessThan(1_000);
    await context.close();
  });
});

interface FirstView {
  /** Milliseconds from the navigation to the first contentful paint. */
  readonly paint: number;
  /** Milliseconds in which the server rendered the document. */
  readonly server: number;
  /** CPU milliseconds of the page's main thread until then, which other processes hardly change. */
  readonly cpu: number;
  /** Size of the document. */
  readonly bytes: number;
}

/** Of several loads, the one that other processes delayed least. */
async function fastestFirstView(page: Page): Promise<FirstView> {
  const views = [await firstView(page), await firstView(page), await firstView(page)] as const;
  return views.reduce((fastest, view) => (view.paint < fastest.paint ? view : fastest));
}

/** Reloads the console and measures its first view. */
async function firstView(page: Page): Promise<FirstView> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const cpuSeconds = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  };
  const start = await cpuSeconds();
  await page.reload({ waitUntil: "commit" });
  const view = (await page.evaluate(FIRST_VIEW)) as Omit<FirstView, "cpu">;
  const cpu = ((await cpuSeconds()) - start) * 1000;
  await session.detach();
  return { ...view, cpu };
}

/** Resolves with the times of the first contentful paint, also if that is still to come. */
const FIRST_VIEW = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const [paint] = list.getEntriesByName("first-contentful-paint");
    if (paint === undefined) return;
    const [{ serverTiming, decodedBodySize }] = performance.getEntriesByType("navigation");
    resolve({ paint: paint.startTime, server: serverTiming[0].duration, bytes: decodedBodySize });
  }).observe({ type: "paint", buffered: true });
})`;

/** Measures the milliseconds between frames, for three seconds. */
const FRAME_TIMES = `new Promise((resolve) => {
  const times = [];
  let last = performance.now();
  const end = last + 3000;
  requestAnimationFrame(function frame(now) {
    times.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(frame);
    else resolve(times);
  });
})`;
