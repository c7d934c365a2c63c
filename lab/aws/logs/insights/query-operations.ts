import { randomUUID } from "node:crypto";
import { z } from "zod";
import { AwsError } from "../../../../cloudwatch/aws-error.ts";
import type { SavedQuery } from "../../../../terraform/deployment.ts";
import { integer, list, text } from "../../shared/input.ts";
import type { AwsStructure, Operations } from "../../shared/operation.ts";
import {
  GroupIdentifier,
  GroupName,
  invalid,
  NextToken,
  pageOf,
  readRequest,
  requireGroupOf,
} from "../request.ts";
import { type LogStore, sizeOf } from "../store.ts";
import { parseQuery } from "./parse.ts";
import { type QueryResult, runQuery } from "./run.ts";

interface QueryOptions {
  readonly store: LogStore;
  readonly account: { readonly region: string; readonly accountId: string };
  readonly savedQueries: readonly SavedQuery[];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

interface Query {
  readonly id: string;
  readonly queryString: string;
  readonly createTime: number;
  readonly logGroupName: string;
  readonly result: QueryResult;
  readonly statistics: AwsStructure;
}

const MAX_RESULTS = 10_000;
const QUERIES_KEPT = 100;
const DAY = 24 * 60 * 60 * 1000;

const StartQuery = z.object({
  logGroupName: GroupName.optional(),
  logGroupNames: list(GroupName, { max: 50 }).optional(),
  logGroupIdentifiers: list(GroupIdentifier, { max: 50 }).optional(),
  startTime: integer({ min: 0 }),
  endTime: integer({ min: 0 }),
  queryString: text({ max: 10_000 }),
  limit: integer({ min: 1, max: MAX_RESULTS }).default(MAX_RESULTS),
  queryLanguage: z.enum(["CWLI"]).default("CWLI"),
});

const GetQueryResults = z.object({ queryId: text({ min: 1, max: 256 }) });

const DescribeQueries = z.object({
  logGroupName: GroupName.optional(),
  status: z
    .enum(["Scheduled", "Running", "Complete", "Failed", "Cancelled", "Timeout", "Unknown"])
    .optional(),
  maxResults: integer({ min: 1, max: 1000 }).default(1000),
  nextToken: NextToken.optional(),
});

const DescribeQueryDefinitions = z.object({
  queryDefinitionNamePrefix: text({ min: 1, max: 255 }).optional(),
  maxResults: integer({ min: 1, max: 1000 }).default(1000),
  nextToken: NextToken.optional(),
});

/** Emulates Logs Insights. A query is complete when StartQuery returns. */
export function queryOperations(options: QueryOptions): Operations {
  const queries = new Map<string, Query>();
  return {
    /** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html */
    StartQuery: (input) => {
      const query = startQuery(input, options);
      queries.set(query.id, query);
      for (const id of queries.keys()) {
        if (queries.size <= QUERIES_KEPT) break;
        queries.delete(id);
      }
      return { queryId: query.id };
    },
    /** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html */
    GetQueryResults: (input) => {
      const { result, statistics } = requireQuery(queries, input);
      return {
        queryLanguage: "CWLI",
        results: result.rows.map((row) =>
          [...row].flatMap(([field, value]) =>
            value === undefined ? [] : [{ field, value: String(value) }],
          ),
        ),
        statistics,
        status: "Complete",
      };
    },
    /** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StopQuery.html */
    StopQuery: (input) => {
      requireQuery(queries, input);
      throw invalid("The query is not in a running state and cannot be stopped.");
    },
    /** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeQueries.html */
    DescribeQueries: (input) => {
      const request = readRequest(DescribeQueries, input);
      const { logGroupName, status = "Complete" } = request;
      const found = [...queries.values()]
        .filter((query) => logGroupName === undefined || query.logGroupName === logGroupName)
        .filter(() => status === "Complete")
        .reverse();
      const { items, nextToken } = pageOf(
        found,
        { ...request, limit: request.maxResults },
        ({ id }) => id,
      );
      return {
        queries: items.map(({ id, queryString, createTime, logGroupName: name }) => ({
          queryLanguage: "CWLI",
          queryId: id,
          queryString,
          status: "Complete",
          createTime,
          logGroupName: name,
        })),
        nextToken,
      };
    },
    /** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeQueryDefinitions.html */
    DescribeQueryDefinitions: (input) => {
      const request = readRequest(DescribeQueryDefinitions, input);
      const { queryDefinitionNamePrefix: prefix = "" } = request;
      const found = options.savedQueries.filter(({ name }) => name.startsWith(prefix));
      const { items, nextToken } = pageOf(
        found,
        { ...request, limit: request.maxResults },
        ({ id }) => id,
      );
      return {
        queryDefinitions: items.map(({ id, name, queryString, logGroupNames }) => ({
          queryLanguage: "CWLI",
          queryDefinitionId: id,
          name,
          queryString,
          logGroupNames,
        })),
        nextToken,
      };
    },
  };
}

function startQuery(input: unknown, { store, account, now }: QueryOptions): Query {
  const request = readRequest(StartQuery, input);
  const { logGroupName, logGroupNames, logGroupIdentifiers, startTime, endTime } = request;
  const selections = [logGroupName && [logGroupName], logGroupNames, logGroupIdentifiers].filter(
    (selection) => selection !== undefined,
  );
  const [identifiers] = selections;
  if (identifiers === undefined || identifiers === "" || selections.length > 1) {
    throw invalid(
      "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.",
    );
  }
  if (endTime < startTime) {
    throw invalid("Query's end time must be after its start time.");
  }
  const groups = identifiers.map((identifier) =>
    requireGroupOf({ logGroupIdentifier: identifier }, store, account),
  );
  if (groups.every(({ createdAt }) => endTime * 1000 < createdAt - DAY)) {
    throw new AwsError(
      "MalformedQueryException",
      "Query's end date and time is either before the log groups creation time or exceeds the log groups log retention settings",
    );
  }
  const commands = parseQuery(request.queryString);
  const events = groups.flatMap(({ deployed, events: stored }) =>
    stored
      .filter(({ timestamp }) => timestamp >= startTime * 1000 && timestamp < (endTime + 1) * 1000)
      .map((event) => ({ ...event, log: `${account.accountId}:${deployed.name}` })),
  );
  const result = runQuery([...commands, { kind: "limit", count: request.limit }], events);
  return {
    id: randomUUID(),
    queryString: request.queryString,
    createTime: now(),
    logGroupName: groups[0]?.deployed.name ?? "",
    result,
    statistics: {
      recordsMatched: result.matched,
      recordsScanned: events.length,
      bytesScanned: events.reduce((bytes, event) => bytes + sizeOf(event), 0),
      logGroupsScanned: groups.length,
    },
  };
}

function requireQuery(queries: ReadonlyMap<string, Query>, input: unknown): Query {
  const { queryId } = readRequest(GetQueryResults, input);
  const query = queries.get(queryId);
  if (query !== undefined) return query;
  throw new AwsError("ResourceNotFoundException", `Query ${queryId} does not exist.`);
}
