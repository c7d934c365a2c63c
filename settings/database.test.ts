import { expect, test } from "vitest";
import { settings } from "./database.ts";
import { issuesOf, settingsOf, testSettings } from "./testing.ts";

const BACKUP_DAYS = /^must be an integer between 1 and 35$/;

testSettings(settings, {
  databaseInstanceClass: [
    "DATABASE_INSTANCE_CLASS",
    "db.r8g.2xlarge",
    "db.r8g.2xlarge",
    { "t4g.micro": /^is not a valid RDS instance class$/ },
  ],
  databaseMultiAz: ["DATABASE_MULTI_AZ", "true", true, { "yes please": /must be true or false/ }],
  databaseStorage: [
    "DATABASE_STORAGE",
    "40",
    40,
    { 19: /^must be an integer between 20 and 65536$/ },
  ],
  databaseStorageLimit: [
    "DATABASE_STORAGE_LIMIT",
    "80",
    80,
    { 65537: /^must be an integer between 20 and 65536$/ },
  ],
  databaseBackupDays: ["DATABASE_BACKUP_DAYS", "14", 14, { 0: BACKUP_DAYS, 36: BACKUP_DAYS }],
  erasureLedger: ["ERASURE_LEDGER", "true", true, { sometimes: /must be true or false/ }],
  databasePoolSize: ["DATABASE_POOL_SIZE", "5", 5, { 0: /^must be an integer between 1 and 200$/ }],
  databaseInsights: [
    "DATABASE_INSIGHTS",
    "advanced",
    "advanced",
    { expert: /^is not a valid Database Insights mode$/ },
  ],
});

test("rejects a storage limit less than a tenth above the storage", () => {
  expect(issuesOf({ DATABASE_STORAGE_LIMIT: "21" })).toMatchObject([
    {
      variable: "CIPHERWATCH_DATABASE_STORAGE_LIMIT",
      allowed: "at least 10 % above CIPHERWATCH_DATABASE_STORAGE",
    },
  ]);
  expect(settingsOf({ DATABASE_STORAGE_LIMIT: "22" }).databaseStorageLimit).toBe(22);
});

test("keeps backups for a week or more in prod, and for a day or more in dev", () => {
  expect(settingsOf({ DATABASE_BACKUP_DAYS: "1" }).databaseBackupDays).toBe(1);
  expect(issuesOf({ ENV: "prod", DATABASE_BACKUP_DAYS: "6" })).toMatchObject([
    { variable: "CIPHERWATCH_DATABASE_BACKUP_DAYS", message: "must be at least 7 in prod" },
  ]);
});
