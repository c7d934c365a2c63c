import type { Sql } from "postgres";
import { grantService, migrate, readMigrations } from "../../service/migrate.ts";
import { MIGRATIONS } from "../../service/testing/postgres-server.ts";

/**
 * Migrates an empty database, and creates the role of the service with the role that RDS uses for IAM authentication.
 * @param role of the service
 */
export async function migrateAsInRds(admin: Sql, role: string): Promise<void> {
  await migrate(admin, readMigrations(MIGRATIONS));
  await admin`CREATE ROLE rds_iam`;
  await grantService(admin, role);
}
