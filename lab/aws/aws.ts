import { replaceEmbeddedTimestamp } from "../../cloudwatch/embedded-metrics.ts";
import { statisticSet } from "../../cloudwatch/metric.ts";
import type { Deployment } from "../../terraform/deployment.ts";
import type { Clock } from "../state/clock.ts";
import { type Journal, type JournalLimit, openJournal } from "../state/journal.ts";
import { type AccountServices, type AwsState, accountState } from "./account-state.ts";
import {
  createCloudTrail,
  notModelled as notModelledOfCloudTrail,
  trailLogStream,
} from "./cloudtrail/cloudtrail.ts";
import type { Deliveries } from "./cloudtrail/deliveries.ts";
import type { TrailEntry } from "./cloudtrail/event-store.ts";
import { type AlarmsEntry, keepRecord } from "./cloudwatch/alarms/alarm-store.ts";
import {
  createCloudWatch,
  notModelled as notModelledOfCloudWatch,
} from "./cloudwatch/cloudwatch.ts";
import { createMetrics, type Metrics, type MetricsEntry } from "./cloudwatch/metrics/metrics.ts";
import { startEndpoint } from "./endpoint/endpoint.ts";
import { createAccess, type IamEntry, notModelled as notModelledOfIam } from "./iam/access.ts";
import type { KmsEntry } from "./kms/keys.ts";
import { createKms, notModelled as notModelledOfKms } from "./kms/kms.ts";
import { createLogs, notModelled as notModelledOfLogs } from "./logs/logs.ts";
import type { LogsEntry } from "./logs/store.ts";
import { CLOUDTRAIL, CLOUDWATCH, guard, LOGS, SNS } from "./recorded/guard.ts";
import { recordedServices } from "./recorded/recorded-services.ts";
import {
  alarmChangeOperations,
  logChangeOperations,
  topicChangeOperations,
  trailOperations,
} from "./recorded/services.ts";
import type { Mail } from "./sns/email.ts";
import { createSns, notModelled as notModelledOfSns } from "./sns/sns.ts";
import { type Credentials, createIdentities } from "./sts/identities.ts";
import { createSts } from "./sts/sts.ts";

export interface AwsOptions {
  readonly deployment: Deployment;
  readonly clock: Clock;
  /** 0 picks a free port. */
  readonly port: number;
  /** Decides when CloudTrail delivers the event of a call. */
  readonly trailDeliveries: Deliveries;
  /** Returns the file of the journal with this name. */
  readonly journalFile: (name: string) => string;
  readonly onError: (error: unknown) => void;
  /** Entries of the KMS journal of the primary Region's lab, if the deployment replicates its keys. */
  readonly primaryKmsEntries?: readonly KmsEntry[];
}

export interface Aws {
  readonly url: string;
  /** Returns temporary credentials of a role for a task in the VPC, as ECS does. */
  readonly assumeRole: (roleName: string, sessionName: string) => Credentials;
  /**
   * Stores a line printed by the service, as the log driver of its ECS task does. Ignores the line if
   * the deployment has no such log group.
   */
  readonly logLine: (logGroupName: string, line: string) => void;
  readonly state: () => AwsState;
  /** The emulated services, for the console. */
  readonly services: AccountServices;
  readonly close: () => Promise<void>;
}

/** The differences between the lab and AWS, as sentences, by the service that they concern. */
export const notModelledByService = {
  general: [
    ...notModelledOfIam,
    "Calls of ECS, RDS, Secrets Manager, ECR, EC2, Elastic Load Balancing, WAF, EventBridge and SQS are checked and recorded, and change nothing except, until the lab stops, the resource policy of a secret. Calls that change a trail, log group, topic or alarm are also only recorded, except StopLogging, StartLogging, SetAlarmState, EnableAlarmActions and DisableAlarmActions.",
    "There are no quotas and no throttling.",
    "A new lab begins with one datapoint for each alarm that treats missing data as breaching, as if the account had existed before. In AWS, such an alarm can fire once when it is created.",
  ],
  kms: notModelledOfKms,
  cloudtrail: notModelledOfCloudTrail,
  logs: notModelledOfLogs,
  cloudwatch: notModelledOfCloudWatch,
  sns: notModelledOfSns,
} as const;

/** All differences between the lab and AWS. */
export const notModelled: readonly string[] = Object.values(notModelledByService).flat();

/** The limit of all journals except those of KMS and IAM. With it, all of them are read within two seconds. */
const JOURNAL_LIMIT = { bytes: 32 * 1024 * 1024 };

/** The log stream of the service, named as the awslogs driver does: prefix, container and task. */
const TASK_LOG_STREAM = "service/api/lab";

/**
 * Emulates the AWS services of a deployment and connects them: CloudTrail → log group → metric filter →
 * alarm → SNS topic → inbox.
 */
export async function startAws(options: AwsOptions): Promise<Aws> {
  const { deployment, clock, port } = options;
  const services = createServices(options);
  const { identities, operations, cloudTrail, cloudWatch, logs } = services;
  const endpoint = await startEndpoint({
    port,
    region: deployment.region,
    identities,
    access: services.access,
    services: operations,
    record: cloudTrail.record,
    onError: options.onError,
  });
  seedMetrics(options, services.metrics);
  cloudWatch.start();
  const [natAddress] = deployment.natAddresses;

  return {
    url: endpoint.url,
    assumeRole: (roleName, sessionName) =>
      identities.addRoleSession({
        roleName,
        ...arnOfRole(deployment, roleName),
        sessionName,
        inVpc: true,
        ...(natAddress === undefined ? {} : { address: natAddress }),
      }),
    logLine: (logGroupName, line) => {
      const exists = deployment.logGroups.some(({ name }) => name === logGroupName);
      if (line === "" || !exists) return;
      const timestamp = clock.now();
      const message = replaceEmbeddedTimestamp(line, timestamp);
      logs.ingest(logGroupName, TASK_LOG_STREAM, [{ message, timestamp }]);
    },
    state: () => accountState(services, clock.now()),
    services,
    close: async () => {
      await endpoint.close();
      cloudTrail.close();
      cloudWatch.stop();
      services.closeJournals();
    },
  };
}

/**
 * Adds a datapoint to each metric whose missing data breaches an alarm. A new lab has no earlier data, which does not
 * mean that something stopped.
 */
function seedMetrics({ deployment, clock }: AwsOptions, metrics: Metrics): void {
  if (metrics.list().length > 0) return;
  metrics.put(
    deployment.alarms
      .filter(({ treatMissingData }) => treatMissingData === "breaching")
      .map(({ namespace, metricName, dimensions, threshold }) => ({
        namespace,
        name: metricName,
        dimensions,
        timestamp: clock.now(),
        unit: "Count",
        highResolution: false,
        ...statisticSet([threshold]),
      })),
  );
}

function createServices(options: AwsOptions) {
  const { deployment, clock, trailDeliveries, journalFile, primaryKmsEntries = [] } = options;
  const { accountId, region, trail } = deployment;
  const context = { clock, accountId, region };
  const journals: { readonly close: () => void }[] = [];
  const open = <Entry>(name: string, limit?: JournalLimit<Entry>): Journal<Entry> => {
    const journal = openJournal<Entry>(journalFile(name), limit);
    journals.push(journal);
    return journal;
  };

  const identities = createIdentities(context);
  const access = createAccess({
    accountId,
    access: deployment.access,
    journal: open<IamEntry>("iam"),
  });
  const kms = createKms({
    ...context,
    keys: deployment.keys,
    journal: open<KmsEntry>("kms"),
    primaryEntries: primaryKmsEntries,
  });
  const metrics = createMetrics({ clock, journal: open<MetricsEntry>("metrics", JOURNAL_LIMIT) });
  const logs = createLogs({
    ...context,
    logGroups: deployment.logGroups,
    metricFilters: deployment.metricFilters,
    savedQueries: deployment.savedQueries,
    metrics,
    journal: open<LogsEntry>("logs", JOURNAL_LIMIT),
  });
  // Clients may write to the trail's log stream before CloudTrail does.
  logs.ensureStream(trail.logGroupName, trailLogStream(accountId, trail.homeRegion));
  const sns = createSns({
    ...context,
    topics: deployment.topics,
    subscriptions: deployment.subscriptions,
    metrics,
    journal: open<Mail>("inbox", JOURNAL_LIMIT),
  });
  const cloudWatch = createCloudWatch({
    ...context,
    alarms: [...deployment.alarms, ...deployment.anomalyAlarms, ...deployment.compositeAlarms],
    metrics,
    notify: sns.publish,
    journal: open<AlarmsEntry>("alarms", { ...JOURNAL_LIMIT, keepLatest: keepRecord }),
  });
  const cloudTrail = createCloudTrail({
    ...context,
    trail,
    deliveries: trailDeliveries,
    journal: open<TrailEntry>("trail", JOURNAL_LIMIT),
    deliver: logs.ingest,
  });
  return {
    ...{ identities, access, metrics, logs, sns, cloudWatch, cloudTrail },
    operations: {
      ...recordedServices(deployment.access.databases, access, kms.keys),
      kms: kms.operations,
      logs: { ...logChangeOperations, ...guard(LOGS, logs.operations) },
      sns: { ...topicChangeOperations, ...guard(SNS, sns.operations) },
      cloudwatch: { ...alarmChangeOperations, ...guard(CLOUDWATCH, cloudWatch.operations) },
      cloudtrail: { ...trailOperations, ...guard(CLOUDTRAIL, cloudTrail.operations) },
      sts: createSts({ clock, identities, roles: access }).operations,
    },
    closeJournals: () => {
      for (const journal of journals) journal.close();
    },
  };
}

/** Returns the ARN of a role of the stacks, whose IAM path is not known from its name. */
function arnOfRole({ access }: Deployment, roleName: string): { readonly roleArn?: string } {
  const role = access.roles.find(({ name }) => name === roleName);
  return role === undefined ? {} : { roleArn: role.arn };
}
