import { days, flag, oneOf, text, whole } from "./kinds.ts";
import { byDefault, byEnvironment, rulesFor, type ValuesOf } from "./setting.ts";

/** What RDS takes as the size of a gp3 volume for PostgreSQL, in GiB. */
const SMALLEST_VOLUME = 20;
const LARGEST_VOLUME = 65_536;

/** By how many percent the limit of storage autoscaling must at least exceed the volume's size. */
const STORAGE_HEADROOM = 10;

export const settings = {
  /** Class of the database's instance. */
  databaseInstanceClass: byEnvironment(
    { dev: "db.t4g.micro", prod: "db.m7g.large" },
    text(/^db\.[a-z][a-z0-9-]*\.(micro|small|medium|(\d*x)?large)$/, {
      wrong: "this is no class of an RDS instance",
      allowed: "db., a family and a size, such as db.t4g.micro or db.m7g.large",
      next: "take one that RDS offers for PostgreSQL in the region, or unset it for the default",
    }),
  ),

  /** Run a standby of the database in another zone. Off in dev for its cost. */
  databaseMultiAz: byEnvironment({ dev: false, prod: true }, flag),

  /** GiB that the database starts with. */
  databaseStorage: byEnvironment({ dev: 20, prod: 50 }, whole(SMALLEST_VOLUME, LARGEST_VOLUME)),

  /** GiB to which the database's storage may grow by itself. */
  databaseStorageLimit: byEnvironment(
    { dev: 50, prod: 500 },
    whole(SMALLEST_VOLUME, LARGEST_VOLUME),
  ),

  /** Days for which the database can be restored to any second. */
  databaseBackupDays: byEnvironment({ dev: 7, prod: 35 }, days(7, 35)),

  /** Mode of CloudWatch Database Insights. standard: a week, free; advanced: 15 months, at a price. */
  databaseInsights: byDefault("standard", oneOf(["standard", "advanced"], "there is no such mode")),
};

const rule = rulesFor<ValuesOf<typeof settings>>();

export const rules = [
  rule(
    ["databaseStorageLimit", "databaseStorage"],
    ({ databaseStorageLimit, databaseStorage }) =>
      databaseStorageLimit * 100 < databaseStorage * (100 + STORAGE_HEADROOM)
        ? "RDS takes no limit that is so close to the storage itself"
        : undefined,
    {
      allowed: `at least ${STORAGE_HEADROOM} % above CIPHERWATCH_DATABASE_STORAGE`,
      next: "raise it, or lower CIPHERWATCH_DATABASE_STORAGE",
    },
  ),
];
