import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Fake of S3's object API over HTTP, with path-style addresses. It rejects unsigned requests. */
export interface FakeS3 {
  /** Contents by `<bucket>/<key>`. */
  readonly objects: Map<string, string>;
  /** Variables that direct an AWS SDK to the fake. */
  readonly env: Readonly<Record<string, string>>;
  /** Set to the code of an error that every request gets, such as `AccessDenied`. */
  failWith: string | undefined;
  readonly close: () => Promise<void>;
}

const STATUS: Readonly<Record<string, number>> = { NoSuchKey: 404, PreconditionFailed: 412 };

/** @param objects contents by `<bucket>/<key>` */
export async function startS3(objects: Readonly<Record<string, string>> = {}): Promise<FakeS3> {
  const server = createServer(async (request, response) => {
    const { method, headers } = request;
    const url = new URL(request.url ?? "", "http://s3");
    const object = decodeURIComponent(url.pathname.replace(/^\/|\/$/g, ""));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const fail = (code: string) =>
      response
        .writeHead(STATUS[code] ?? 403)
        .end(`<Error><Code>${code}</Code><Message>Refused.</Message></Error>`);
    const stored = fake.objects.get(object);
    if (fake.failWith !== undefined) fail(fake.failWith);
    else if (!headers.authorization?.startsWith("AWS4-HMAC-SHA256 ")) fail("AccessDenied");
    else if (method === "PUT") {
      if (stored !== undefined && headers["if-none-match"] === "*") fail("PreconditionFailed");
      else {
        fake.objects.set(object, Buffer.concat(chunks).toString());
        response.end();
      }
    } else if (url.searchParams.has("list-type")) {
      response.end(listing(object, url.searchParams.get("prefix") ?? ""));
    } else if (stored === undefined) fail("NoSuchKey");
    else response.end(stored);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeS3 = {
    objects: new Map(Object.entries(objects)),
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "ap-southeast-2",
    },
    failWith: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;

  function listing(bucket: string, prefix: string): string {
    const keys = [...fake.objects.keys()]
      .filter((name) => name.startsWith(`${bucket}/${prefix}`))
      .map((name) => `<Contents><Key>${name.slice(bucket.length + 1)}</Key></Contents>`);
    return `<ListBucketResult>${keys.join("")}</ListBucketResult>`;
  }
}
