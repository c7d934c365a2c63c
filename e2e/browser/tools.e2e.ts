import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectToLab } from "../../lab/attack/lab-client.ts";
import { accessibilityViolations, visit } from "./chromium.ts";
import { type LabAndBrowser, startLabAndBrowser } from "./lab-and-browser.ts";

const PHONE = { width: 390, height: 844, colorScheme: "dark" } as const;
const PROJECTOR = { width: 1920, height: 1080 } as const;

let lab: LabAndBrowser["lab"];
let browser: LabAndBrowser["browser"];
let close: LabAndBrowser["close"] | undefined;

beforeAll(async () => {
  ({ lab, browser, close } = await startLabAndBrowser());
});
afterAll(() => close?.());

const overflow = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - innerWidth");

describe("the filter workbench", () => {
  it("shows as the user types what matches, which clause failed, and where a pattern is invalid", async () => {
    const { page, context, problems } = await visit(browser, lab.console, PROJECTOR);
    await page.getByRole("link", { name: "Filter workbench" }).click();
    const summary = page.locator("#workbench-summary");
    await summary.getByText(/^\d+ of \d+ events match\.$/).waitFor();

    const pattern = page.getByRole("textbox", { name: "Pattern" });
    await pattern.fill('{ $.eventName = "Decrypt" && }');
    await summary.getByText("InvalidParameterException: Invalid metric filter pattern").waitFor();
    await page.getByText("Line 1, column 30.").waitFor();
    expect(await page.locator("pre.pattern mark").textContent()).toBe("}");
    expect(await pattern.getAttribute("aria-invalid")).toBe("true");

    await page.locator("select[name=events]").selectOption("pasted");
    await page
      .getByLabel(/^Events to try/)
      .fill('{"Records":[{"eventName":"Decrypt"},{"eventName":"Sign"}]}');
    await pattern.fill('{ $.eventName = "Decrypt" && $.errorCode NOT EXISTS }');
    await summary.getByText("1 of 2 events match.").waitFor();
    await page.locator(".event", { hasText: "Sign" }).locator("summary").click();
    await page
      .locator(".event", { hasText: "Sign" })
      .locator("li", { hasText: '$.eventName = "Decrypt"' })
      .locator(".unmet")
      .first()
      .waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("opens a record of the trail with the pattern that looked at it", async () => {
    const client = await connectToLab(lab);
    const hostile = `<img src=x onerror="document.title='hacked'">`;
    await client.putTrailRecord({ eventSource: "kms.amazonaws.com", eventName: hostile }, 1);
    const { page, context, problems } = await visit(browser, lab.console, PHONE);
    await page.getByRole("button", { name: hostile }).first().click();
    await page.getByRole("link", { name: "try changes" }).first().click();
    await page.locator(".event summary", { hasText: hostile }).waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).toContain("Filter workbench");
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(problems).toEqual([]);
    await context.close();
  });
});

describe("the replay of files", () => {
  const record = {
    eventVersion: "1.08",
    eventID: "1",
    eventTime: "2026-01-01T00:00:00Z",
    eventSource: "cloudtrail.amazonaws.com",
    eventName: "StopLogging",
    awsRegion: "ap-southeast-2",
    userIdentity: { type: "IAMUser", arn: "arn:aws:iam::111122223333:user/mallory" },
    requestParameters: { name: "cipherwatch-dev" },
  };
  const archive = gzipSync(JSON.stringify({ Records: [record] })).toString("base64");

  it("replays a dropped file on this machine, and shows who made the calls", async () => {
    const { page, context, problems } = await visit(browser, `${lab.console}/replay`, PROJECTOR);
    await page.getByText("Nothing leaves this machine").waitFor();
    const transfer = await page.evaluateHandle((base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      // The browser's DataTransfer, which Node's types do not declare.
      const { DataTransfer } = globalThis as unknown as {
        DataTransfer: new () => { items: { add: (file: File) => void } };
      };
      const data = new DataTransfer();
      data.items.add(new File([bytes], "trail.json.gz"));
      return data;
    }, archive);
    await page.locator("#drop").dispatchEvent("drop", { dataTransfer: transfer });
    await page.getByText("Replayed 1 file. The report is below.").waitFor();
    const report = page.frameLocator("#report");
    await report.getByRole("heading", { name: "Overview" }).waitFor();
    await report.getByText("1 event in 1 file").waitFor();
    await report.getByText("arn:aws:iam::111122223333:user/mallory").first().waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("rejects other files with a reason, on a phone", async () => {
    const { page, context } = await visit(browser, `${lab.console}/replay`, PHONE);
    const notes = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("x") };
    await page.locator("input[type=file]").setInputFiles(notes);
    await page.getByRole("button", { name: "Replay the files" }).click();
    await page.locator("#replay-status.failure").getByText("is not a CloudTrail file").waitFor();
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await context.close();
  });

  it("cannot be read or driven by another website", async () => {
    const { page, context } = await visit(browser, lab.service, PROJECTOR);
    const upload = await page.evaluate(async (url) => {
      const body = new FormData();
      body.append("files", new File(["{}"], "a.json"));
      const init = { method: "POST", body };
      return fetch(`${url}/api/replay`, init).then(String, () => "blocked");
    }, lab.console);
    expect(upload).toBe("blocked");
    await context.close();
  });
});
