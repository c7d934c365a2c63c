import { type Alarm, isAnomaly, isComposite } from "../../cloudwatch/alarm/alarm.ts";
import { redateEmbeddedMetrics } from "../../cloudwatch/embedded-metrics.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { Clock } from "../state/clock.ts";
import { type Journal, type JournalLimit, openJournal } from "../state/journal.ts";
import { createCloudTrail, type TrailEntry, trailLogStream } from "./cloudtrail/cloudtrail.ts";
import type { HistoryItem } from "./cloudwatch/alarms/history.ts";
import type { MonitorEntry } from "./cloudwatch/alarms/monitor.ts";
import {
  createCloudWatch,
  notModelled as notModelledOfCloudWatch,
} from "./cloudwatch/cloudwatch.ts";
import { createMetrics, type MetricsEntry } from "./cloudwatch/metrics/metrics.ts";
import { startEndpoint } from "./endpoint/endpoint.ts";
import { createKms, type KmsEntry } from "./kms/kms.ts";
import { createLogs, notModelled as notModelledOfLogs } from "./logs/logs.ts";
import type { LogsEntry } from "./logs/store.ts";
import { createSns, type Mail, notModelled as notModelledOfSns } from "./sns/sns.ts";
import { type Credentials, createIdentities } from "./sts/identities.ts";
import { createSts } from "./sts/sts.ts";

export interface AwsOptions {
  readonly deployment: Deployment;
  readonly clock: Clock;
  /** 0 picks a free port. */
  readonly port: number;
  /** Lab seconds from a call until CloudTrail delivers its record. */
  readonly trailDelaySeconds: number;
  /** The file of a journal, by the journal's name. */
  readonly journalFile: (name: string) => string;
  readonly onError: (error: unknown) => void;
}

export interface Aws {
  readonly url: string;
  /** Credentials of a role of the account. */
  readonly assumeRole: (roleName: string, sessionName: string) => Credentials;
  /** Takes a line that a task printed, as its log driver does, if the deployment has the log group. */
  readonly logLine: (logGroupName: string, line: string) => void;
  readonly state: () => AwsState;
  readonly close: () => Promise<void>;
}

/** What happened, for people. Times are ISO 8601 in the lab's time. */
export interface AwsState {
  readonly alarms: readonly object[];
  readonly metrics: readonly object[];
  /** The newest first, those on their way included. */
  readonly trail: readonly object[];
  readonly inbox: readonly object[];
}

/** What the lab's AWS does otherwise than AWS, a sentence each. */
export const notModelled: readonly string[] = [
  "Signatures, IAM and key policies are not checked: any credentials may do anything, and nothing is refused by policy.",
  "Quotas and throttling are not there, nor are key rotation and grants.",
  "CloudTrail delivers each record after the same delay; AWS takes about five minutes on average and promises nothing. There are no data events and no files in a bucket.",
  ...notModelledOfLogs,
  ...notModelledOfCloudWatch,
  ...notModelledOfSns,
];

/** Of each journal but that of the keys. All together are read within two seconds. */
const JOURNAL_BYTES = 32 * 1024 * 1024;
const SHOWN = 100;
const HISTORY_SHOWN = 25;
/** As the awslogs driver names it: prefix, container and task. */
const TASK_LOG_STREAM = "service/api/lab";
const METRIC_MINUTES_SHOWN = 60;
const MINUTE = 60_000;

/** The services of the deployment, joined: trail → log group → metric filter → alarm → topic → inbox. */
export async function startAws(options: AwsOptions): Promise<Aws> {
  const { deployment, clock, port, trailDelaySeconds, onError } = options;
  const { accountId, region } = deployment;
  const opened: { readonly close: () => void }[] = [];
  const open = <Entry>(name: string, limit?: JournalLimit<Entry>): Journal<Entry> => {
    const journal = openJournal<Entry>(options.journalFile(name), limit);
    opened.push(journal);
    return journal;
  };
  const newest = { bytes: JOURNAL_BYTES };
  const at = { clock, accountId, region };

  const identities = createIdentities(at);
  const kms = createKms({ ...at, keys: deployment.keys, journal: open<KmsEntry>("kms") });
  const metrics = createMetrics({
    clock,
    journal: open<MetricsEntry>("metrics", newest),
  });
  const { logGroups, metricFilters } = deployment;
  const logs = createLogs({
    ...at,
    logGroups,
    metricFilters,
    metrics,
    journal: open<LogsEntry>("logs", newest),
  });
  // A client may write to the trail's stream before the trail has.
  logs.ensureStream(
    deployment.trail.logGroupName,
    trailLogStream(accountId, deployment.trail.homeRegion),
  );
  const sns = createSns({
    ...at,
    topics: deployment.topics,
    subscriptions: deployment.subscriptions,
    journal: open<Mail>("inbox", newest),
  });
  const cloudWatch = createCloudWatch({
    ...at,
    alarms: [...deployment.alarms, ...deployment.anomalyAlarms, ...deployment.compositeAlarms],
    metrics,
    notify: (topicArn, notification) => void sns.publish(topicArn, notification),
    journal: open<MonitorEntry>("alarms", { ...newest, lasting: lastingRecord }),
  });
  const cloudTrail = createCloudTrail({
    ...at,
    trail: deployment.trail,
    delaySeconds: trailDelaySeconds,
    journal: open<TrailEntry>("trail", newest),
    deliver: ({ logGroupName, logStreamName, message, timestamp }) =>
      logs.ingest(logGroupName, logStreamName, [{ message, timestamp }]),
  });
  const endpoint = await startEndpoint({
    port,
    region,
    identities,
    services: {
      kms: kms.operations,
      logs: logs.operations,
      sns: sns.operations,
      cloudwatch: cloudWatch.operations,
      cloudtrail: cloudTrail.operations,
      sts: createSts({ ...at, identities }).operations,
    },
    record: cloudTrail.record,
    onError,
  });
  cloudWatch.start();

  return {
    url: endpoint.url,
    assumeRole: (roleName, sessionName) => identities.addRoleSession({ roleName, sessionName }),
    logLine: (logGroupName, line) => {
      if (line === "" || !logGroups.some(({ name }) => name === logGroupName)) return;
      const timestamp = clock.now();
      const message = redateEmbeddedMetrics(line, timestamp);
      logs.ingest(logGroupName, TASK_LOG_STREAM, [{ message, timestamp }]);
    },
    state: () => {
      const { alarms, history } = cloudWatch.state();
      return {
        alarms: alarms.map(({ alarm, state, stateUpdatedAt, actionsEnabled }) => ({
          ...alarm,
          kind: kindOf(alarm),
          actionsEnabled,
          state: state.value,
          reason: state.reason,
          updatedAt: iso(stateUpdatedAt),
          history: history
            .filter(({ alarmName }) => alarmName === alarm.name)
            .slice(0, HISTORY_SHOWN)
            .map(historyOf),
        })),
        metrics: metrics.list().map(({ updatedAt, ...key }) => ({
          ...key,
          updatedAt: iso(updatedAt),
          minutes: metrics
            .statistics(key, {
              start: floorToMinute(clock.now()) - METRIC_MINUTES_SHOWN * MINUTE,
              end: clock.now(),
              seconds: MINUTE / 1000,
            })
            .map(({ timestamp, ...statistics }) => ({ at: iso(timestamp), ...statistics })),
        })),
        trail: cloudTrail.recent(SHOWN).map(({ event, delivered }) => ({ delivered, event })),
        inbox: sns
          .inbox()
          .slice(-SHOWN)
          .map((mail) => ({ ...mail, at: iso(mail.at) })),
      };
    },
    close: async () => {
      await endpoint.close();
      cloudTrail.close();
      cloudWatch.stop();
      for (const journal of opened) journal.close();
    },
  };
}

/** An alarm's state must not be forgotten because it has not changed for long. */
function lastingRecord({ alarmName, record }: MonitorEntry) {
  return { key: alarmName, entry: { alarmName, record, history: [] } };
}

function kindOf(alarm: Alarm): "threshold" | "anomaly" | "composite" {
  if (isComposite(alarm)) return "composite";
  return isAnomaly(alarm) ? "anomaly" : "threshold";
}

function historyOf({ at, type, summary, data }: HistoryItem): object {
  return { at: iso(at), type, summary, data: JSON.parse(data) };
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
const floorToMinute = (milliseconds: number) => Math.floor(milliseconds / MINUTE) * MINUTE;
