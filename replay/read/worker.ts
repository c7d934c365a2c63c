import { parentPort, workerData } from "node:worker_threads";
import { createScan, type ScanPlan } from "../evaluate/scan.ts";
import { scanFiles } from "./scan-files.ts";

// A reader thread of pool.ts: receives paths of files, sends what their records contain.
if (parentPort !== null) {
  const port = parentPort;
  const { plan } = workerData as { readonly plan: ScanPlan };
  const scan = createScan(plan);
  port.on("message", (files: readonly string[]) => {
    void scanFiles(files, scan).then((batch) =>
      port.postMessage(batch, [batch.matches.buffer as ArrayBuffer]),
    );
  });
}
