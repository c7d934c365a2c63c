import { launchChromium } from "./chromium.ts";

const b = await launchChromium();
for (let i = 0; i < 5; i++) {
  const c = await b.newContext({ viewport: { width: 1920, height: 1080 } });
  const page = await c.newPage();
  await page.goto("http://127.0.0.1:8399/");
  console.log(
    await page.evaluate(
      `new Promise((resolve) => { new PerformanceObserver((l) => { const n = performance.getEntriesByType("navigation")[0]; resolve(JSON.stringify({paint: l.getEntries().map(e=>e.name+" "+Math.round(e.startTime)), ttfb: n.responseStart, end: n.responseEnd, dcl: n.domContentLoadedEventEnd, res: performance.getEntriesByType("resource").map(r=>r.name.split("/").pop()+" "+Math.round(r.startTime)+"-"+Math.round(r.responseEnd))})) }).observe({ type: "paint", buffered: true }) })`,
    ),
  );
  await c.close();
}
await b.close();
