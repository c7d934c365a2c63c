import { expect, test } from "vitest";
import { settings } from "./database.ts";
import { problemsOf, settingsOf, testSettings } from "./testing.ts";

testSettings(settings, {
  databaseInstanceClass: [
    "DATABASE_INSTANCE_CLASS",
    "db.r8g.2xlarge",
    "db.r8g.2xlarge",
    { "t4g.micro": /class/ },
  ],
  databaseMultiAz: ["DATABASE_MULTI_AZ", "true", true, { "yes please": /neither true nor false/ }],
  databaseStorage: ["DATABASE_STORAGE", "40", 40, { 19: /such a number/ }],
  databaseStorageLimit: ["DATABASE_STORAGE_LIMIT", "80", 80, { 65537: /such a number/ }],
  databaseBackupDays: [
    "DATABASE_BACKUP_DAYS",
    "14",
    14,
    { 6: /number of days/, 36: /number of days/ },
  ],
  databaseInsights: ["DATABASE_INSIGHTS", "advanced", "advanced", { expert: /no such mode/ }],
});

test("a storage limit less than a tenth above the storage is refused", () => {
  expect(problemsOf({ DATABASE_STORAGE_LIMIT: "21" })).toMatchObject([
    {
      variable: "CIPHERWATCH_DATABASE_STORAGE_LIMIT",
      allowed: "at least 10 % above CIPHERWATCH_DATABASE_STORAGE",
    },
  ]);
  expect(settingsOf({ DATABASE_STORAGE_LIMIT: "22" }).databaseStorageLimit).toBe(22);
});
