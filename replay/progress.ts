import { counted, duration, number } from "./report/format.ts";

export interface Progress {
  readonly add: (done: {
    readonly files: number;
    readonly events: number;
    readonly bytes: number;
  }) => void;
  /** Sets the total, once it is known. */
  readonly expect: (total: { readonly files: number; readonly bytes: number }) => void;
  readonly end: () => void;
}

/** Standard error, which may be a terminal. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

/** Milliseconds between two updates of the line. */
const REDRAW_INTERVAL = 200;
const ERASE_LINE = "\r\x1b[K";

/** Shows progress on one line of a terminal. Writes nothing if standard error is not a terminal. */
export function createProgress(
  terminal: Terminal,
  now: () => number = () => performance.now(),
): Progress {
  const startedAt = now();
  let files = 0;
  let events = 0;
  let bytes = 0;
  let expected: { readonly files: number; readonly bytes: number } | undefined;
  let drawnAt = Number.NEGATIVE_INFINITY;

  function draw(): void {
    if (terminal.isTTY !== true || now() - drawnAt < REDRAW_INTERVAL) return;
    drawnAt = now();
    const seconds = Math.max((now() - startedAt) / 1000, 0.001);
    const parts = [
      expected === undefined
        ? counted(files, "file")
        : `${number(files)} of ${counted(expected.files, "file")}`,
      counted(events, "event"),
      `${number(Math.round(events / seconds))} a second`,
    ];
    if (expected !== undefined && bytes > 0) {
      const remaining = (seconds / bytes) * Math.max(expected.bytes - bytes, 0);
      parts.push(`${duration(remaining * 1000)} left`);
    }
    terminal.write(`${ERASE_LINE}${parts.join(" · ").slice(0, (terminal.columns ?? 80) - 1)}`);
  }

  return {
    add: (done) => {
      files += done.files;
      events += done.events;
      bytes += done.bytes;
      draw();
    },
    expect: (total) => {
      expected = total;
      draw();
    },
    end: () => {
      if (drawnAt > Number.NEGATIVE_INFINITY) terminal.write(ERASE_LINE);
    },
  };
}
