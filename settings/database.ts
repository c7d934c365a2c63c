import { days, flag, oneOf, text, whole } from "./kinds.ts";
import type { Rule, ValuesOf } from "./setting.ts";

/** What RDS takes as the size of a gp3 volume for PostgreSQL, in GiB. */
const SMALLEST_VOLUME = 20;
const LARGEST_VOLUME = 65_536;

/** By how many percent the limit of storage autoscaling must at least exceed the volume's size. */
const STORAGE_HEADROOM = 10;

export const settings = {
  /** Class of the database's instance. */
  databaseInstanceClass: text(/^db\.[a-z][a-z0-9-]*\.(micro|small|medium|(\d*x)?large)$/, {
    wrong: "this is no class of an RDS instance",
    allowed: "db., a family and a size, such as db.t4g.micro or db.m7g.large",
    next: "take one that RDS offers for PostgreSQL in the region, or unset it for the default",
  }).byEnvironment({ dev: "db.t4g.micro", prod: "db.m7g.large" }),

  /** Run a standby of the database in another zone. Off in dev for its cost. */
  databaseMultiAz: flag.byEnvironment({ dev: false, prod: true }),

  /** GiB that the database starts with. */
  databaseStorage: whole(SMALLEST_VOLUME, LARGEST_VOLUME).byEnvironment({ dev: 20, prod: 50 }),

  /** GiB to which the database's storage may grow by itself. */
  databaseStorageLimit: whole(SMALLEST_VOLUME, LARGEST_VOLUME).byEnvironment({
    dev: 50,
    prod: 500,
  }),

  /** Days for which the database can be restored to any second. */
  databaseBackupDays: days(7, 35).byEnvironment({ dev: 7, prod: 35 }),

  /** Mode of CloudWatch Database Insights. standard: a week, free; advanced: 15 months, at a price. */
  databaseInsights: oneOf(["standard", "advanced"], "there is no such mode").byDefault("standard"),
};

export const rules: readonly Rule<ValuesOf<typeof settings>>[] = [
  {
    among: ["databaseStorageLimit", "databaseStorage"],
    wrongWith: ({ databaseStorageLimit, databaseStorage }) =>
      databaseStorageLimit * 100 < databaseStorage * (100 + STORAGE_HEADROOM) &&
      "RDS takes no limit that is so close to the storage itself",
    allowed: `at least ${STORAGE_HEADROOM} % above CIPHERWATCH_DATABASE_STORAGE`,
    next: "raise it, or lower CIPHERWATCH_DATABASE_STORAGE",
  },
];
