import { setTimeout as delay } from "node:timers/promises";
import { startKmsEndpoint } from "../../service/testing/kms-endpoint.ts";

/** A KMS in its own process. Sends its URL to the parent, which sets the delay of further responses. */
const endpoint = await startKmsEndpoint();
process.on("message", (milliseconds: number) => {
  endpoint.override = () => delay(milliseconds, undefined);
  process.send?.({ delay: milliseconds });
});
process.on("disconnect", () => process.exit());
process.send?.({ url: endpoint.url });
