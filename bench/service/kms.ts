import { startKmsEndpoint } from "../../service/testing/kms-endpoint.ts";

/** A KMS in its own process. Sends its URL to the parent process. */
const endpoint = await startKmsEndpoint();
process.send?.({ url: endpoint.url });

// The endpoint records every call for tests.
setInterval(() => {
  endpoint.operations.length = 0;
  endpoint.requests.length = 0;
  endpoint.kms.calls.length = 0;
}, 100);
process.on("disconnect", () => process.exit());
