import { counted, duration, number } from "./report/format.ts";

export interface Progress {
  readonly add: (done: {
    readonly files: number;
    readonly events: number;
    readonly bytes: number;
  }) => void;
  /** How much there is to do, once that is known. */
  readonly expect: (total: { readonly files: number; readonly bytes: number }) => void;
  readonly end: () => void;
}

/** Where progress is shown: standard error, where it is a terminal. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

const REDRAWN = 200;
const ERASE_LINE = "\r\x1b[K";

/** One line that is drawn over and over; on anything but a terminal nothing is written. */
export function createProgress(
  terminal: Terminal,
  now: () => number = () => performance.now(),
): Progress {
  const begun = now();
  let files = 0;
  let events = 0;
  let bytes = 0;
  let expected: { readonly files: number; readonly bytes: number } | undefined;
  let drawnAt = Number.NEGATIVE_INFINITY;

  function draw(): void {
    if (terminal.isTTY !== true || now() - drawnAt < REDRAWN) return;
    drawnAt = now();
    const seconds = Math.max((now() - begun) / 1000, 0.001);
    const parts = [
      expected === undefined
        ? counted(files, "file")
        : `${number(files)} of ${counted(expected.files, "file")}`,
      counted(events, "event"),
      `${number(Math.round(events / seconds))} a second`,
    ];
    if (expected !== undefined && bytes > 0) {
      const left = (seconds / bytes) * Math.max(expected.bytes - bytes, 0);
      parts.push(`${duration(left * 1000)} left`);
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
