import { TextDecoder } from "node:util";
import { utf16Encoding } from "../../common/text-encoding.ts";

/** Converts the chunks of a file in UTF-16 to UTF-8, and returns those of other files unchanged. */
export async function* toUtf8(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let decoder: TextDecoder | undefined;
  let isFirst = true;
  for await (const chunk of chunks) {
    const encoding = isFirst ? utf16Encoding(chunk) : undefined;
    if (encoding !== undefined) decoder = new TextDecoder(encoding);
    isFirst = false;
    yield decoder === undefined ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }));
  }
}
