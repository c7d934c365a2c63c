import type * as general from "./general.ts";
import {
  flag,
  integer,
  oneOf,
  type Refinement,
  same,
  setting,
  text,
  type ValuesOf,
} from "./setting.ts";

/** Sizes in GiB that RDS accepts for a gp3 volume of PostgreSQL. */
const SMALLEST_VOLUME = 20;
const LARGEST_VOLUME = 65_536;

/** Days of backups that prod needs at least. */
const PROD_BACKUP_DAYS = 7;

/** Percent by which the limit of storage autoscaling must exceed the allocated storage. */
const STORAGE_HEADROOM = 10;

/** Connections of a task, which is also the default of the service's DATABASE_POOL_SIZE. */
export const DEFAULT_POOL_SIZE = 10;

export const settings = {
  databaseInstanceClass: setting({
    description: "Instance class of the database.",
    schema: text(
      /^db\.[a-z][a-z0-9-]*\.(micro|small|medium|(\d*x)?large)$/,
      "is not a valid RDS instance class",
    ),
    defaults: { dev: "db.t4g.micro", prod: "db.m7g.large" },
    allowed: "db., a family and a size, such as db.t4g.micro or db.m7g.large",
    next: "choose a class that RDS offers for PostgreSQL in the region, or unset it to use the default",
  }),

  databaseMultiAz: flag({
    description: "Run a standby of the database in a second Availability Zone.",
    defaults: { dev: false, prod: true },
  }),

  databaseStorage: integer(SMALLEST_VOLUME, LARGEST_VOLUME, {
    description: "Initial storage of the database, in GiB.",
    defaults: { dev: 20, prod: 50 },
  }),

  databaseStorageLimit: integer(SMALLEST_VOLUME, LARGEST_VOLUME, {
    description: "Limit up to which RDS grows the storage automatically, in GiB.",
    defaults: { dev: 50, prod: 500 },
  }),

  databaseBackupDays: integer(1, 35, {
    description:
      "Days that backups are kept; within them, the database can be restored to any second. At least 7 in prod. Accounts on AWS's free plan allow 1.",
    defaults: { dev: 7, prod: 35 },
  }),

  erasureLedger: flag({
    description:
      "Keep the ids of forgotten records in a log group outside the database's backups, so that no restored backup brings a forgotten record back. /forget answers 503 while CloudWatch Logs fails.",
    defaults: same(false),
  }),

  databasePoolSize: integer(1, 200, {
    description: "Maximum number of database connections of a task.",
    defaults: same(DEFAULT_POOL_SIZE),
  }),

  databaseInsights: oneOf(["standard", "advanced"], "is not a valid Database Insights mode", {
    description:
      "Mode of CloudWatch Database Insights. standard: a week of history, free; advanced: 15 months, at a price.",
    defaults: same("standard"),
  }),
};

type Values = ValuesOf<typeof settings> & Pick<ValuesOf<typeof general.settings>, "shape">;

export const refinements: readonly Refinement<Values>[] = [
  {
    fields: ["databaseBackupDays", "shape"],
    check: ({ databaseBackupDays, shape }) =>
      shape === "prod" &&
      databaseBackupDays < PROD_BACKUP_DAYS &&
      `must be at least ${PROD_BACKUP_DAYS} in prod`,
    allowed: `an integer between ${PROD_BACKUP_DAYS} and 35, in prod`,
    next: "unset it to use the default",
  },
  {
    fields: ["databaseStorageLimit", "databaseStorage"],
    check: ({ databaseStorageLimit, databaseStorage }) =>
      databaseStorageLimit * 100 < databaseStorage * (100 + STORAGE_HEADROOM) &&
      `must be at least ${STORAGE_HEADROOM} % above CIPHERWATCH_DATABASE_STORAGE, or RDS rejects it`,
    allowed: `at least ${STORAGE_HEADROOM} % above CIPHERWATCH_DATABASE_STORAGE`,
    next: "raise it, or lower CIPHERWATCH_DATABASE_STORAGE",
  },
];
