import AxeBuilder from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Where Debian's package chromium installs it. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Real milliseconds that a step may take on a slow, shared machine. */
export const PATIENCE = 120_000;

/** Let Chromium start as root and with a small /dev/shm, as in a container, and look up no hosts of its own. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS, timeout: PATIENCE });
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Console errors, exceptions and requests to other origins, in words. */
  readonly problems: readonly string[];
}

export interface VisitOptions {
  readonly width: number;
  readonly height: number;
  readonly colorScheme?: "light" | "dark";
}

/** Opens the console in a new window, and records what must not happen. */
export async function visit(
  browser: Browser,
  url: string,
  { width, height, colorScheme = "light" }: VisitOptions,
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) problems.push(request.url());
  });
  await page.goto(url);
  return { page, context, problems };
}

/** Returns the serious and critical violations that axe-core finds on the page. */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  // The page's content security policy allows no script of another origin; evaluate runs outside of it.
  await page.evaluate(AxeBuilder.source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: Violation[] }> };
    };
    interface Violation {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly target: readonly string[]; failureSummary: string }[];
    }
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")} ${failureSummary}`),
      );
  });
}
