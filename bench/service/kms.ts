import { startKmsEndpoint } from "../../service/testing/kms-endpoint.ts";

/** A KMS in its own process, over TLS. Sends its URL to the parent process. */
const { TLS_CERT: cert = "", TLS_KEY: key = "" } = process.env;
const endpoint = await startKmsEndpoint({ cert, key });
process.send?.({ url: endpoint.url });

// The endpoint records every call for tests.
setInterval(() => {
  endpoint.operations.length = 0;
  endpoint.requests.length = 0;
  endpoint.kms.calls.length = 0;
}, 100);
process.on("disconnect", () => process.exit());
