import type { Socket } from "node:net";

/** Each request has at least two lines: the request line and the empty line after the headers. */
const MAX_LINES = 64;

/** Bytes that are parsed at once, however many lines they have. */
const MIN_BYTES = 1_024;

const LINE_FEED = 10;

/**
 * Parses what a client sends in pieces of 32 requests, or 1 KiB, and stops once the connection is closed. Node would
 * parse the 64 KiB that it reads at once to their end: over 2,000 requests, which take 5 MB of memory, for each
 * connection that sends them.
 * @param socket of a connection that Node's HTTP server has just begun to read
 */
export function parseInPieces(socket: Socket): void {
  const [parse] = socket.listeners("data");
  if (parse === undefined)
    throw new Error(
      "Node's HTTP server does not listen to `data`; parseInPieces must follow its change.",
    );
  socket.removeListener("data", parse as (chunk: Buffer) => void);
  socket.on("data", (chunk: Buffer) => {
    for (let start = 0; start < chunk.length; ) {
      // The connection was closed, or its last response has been sent: Node may have reused its parser for another.
      if (!socket.writable) return;
      // Node has paused the connection because the client reads no responses, and parses the rest when it does.
      if (start > 0 && socket.isPaused()) return socket.unshift(chunk.subarray(start));
      const end = endOfPiece(chunk, start);
      parse.call(socket, start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
      start = end;
    }
  });
}

function endOfPiece(chunk: Buffer, start: number): number {
  if (chunk.length - start <= MIN_BYTES) return chunk.length;
  let end = start;
  for (let lines = 0; lines < MAX_LINES; lines += 1) {
    const lineFeed = chunk.indexOf(LINE_FEED, end);
    if (lineFeed === -1) return chunk.length;
    end = lineFeed + 1;
  }
  return Math.max(end, start + MIN_BYTES);
}
