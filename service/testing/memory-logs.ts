import { LogsError } from "../logs-api.ts";

/** CloudWatch Logs with one log group, two events in a page. */
export function createMemoryLogs() {
  const events: { readonly timestamp: number; readonly message: string }[] = [];
  const state = {
    events,
    streams: new Set<string>(),
    failure: undefined as string | undefined,
    rejects: false,
    /** The start time of each page that was read. */
    reads: [] as number[],
    /** Runs before each page. */
    onRead: async () => {},
  };
  const operations: Readonly<Record<string, (input: never) => unknown>> = {
    CreateLogStream: ({ logStreamName }: { readonly logStreamName: string }) => {
      state.streams.add(logStreamName);
      return {};
    },
    PutLogEvents(input: { readonly logStreamName: string; readonly logEvents: typeof events }) {
      if (!state.streams.has(input.logStreamName)) throw new LogsError("ResourceNotFoundException");
      if (state.rejects) return { rejectedLogEventsInfo: { tooNewLogEventStartIndex: 0 } };
      events.push(...input.logEvents);
      return {};
    },
    async FilterLogEvents(input: { readonly startTime: number; readonly nextToken?: string }) {
      state.reads.push(input.startTime);
      await state.onRead();
      const start = Number(input.nextToken ?? 0);
      const matching = events
        .filter(({ timestamp }) => timestamp >= input.startTime)
        .sort((a, b) => a.timestamp - b.timestamp);
      const rest = matching.length > start + 2 ? { nextToken: String(start + 2) } : {};
      return { events: matching.slice(start, start + 2), ...rest };
    },
  };
  const call = async (operation: string, input: object) => {
    if (state.failure !== undefined) throw new LogsError(state.failure);
    return await operations[operation]?.(input as never);
  };
  return { state, call };
}
