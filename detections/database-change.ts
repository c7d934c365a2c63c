import type { TrailDetection } from "./detection.ts";
import {
  administrator,
  awsService,
  deployer,
  exampleEvent,
  exampleScope,
  user,
} from "./example-events.ts";
import { allOf, anyOf, CALLER_ROLE_ARN, jsonPattern, matchesAny, matchesNone } from "./pattern.ts";
import { type DetectionScope, databaseName } from "./scope.ts";

/** Reported by database-copy. */
const COPIES = [
  "CreateDBSnapshot",
  "CopyDBSnapshot",
  "ModifyDBSnapshot*",
  "Restore*",
  "StartExport*",
  "*ReadReplica",
  "StartDBInstanceAutomatedBackupsReplication",
];

/**
 * RDS ignores the case of an identifier in a request, but always answers with lower case. The request is
 * compared as well, because the record of a denied call has no response.
 */
const names = (member: string, value: string) =>
  anyOf(
    matchesAny(`$.requestParameters.${member}`, value),
    matchesAny(`$.responseElements.${member}`, value),
  );

const ourInstance = (scope: DetectionScope) => names("dBInstanceIdentifier", databaseName(scope));

/** The role of the operating hours can only start and stop the instance. */
const expectedRoles = ({ deployRoleArn, operatingHoursRoleArn }: DetectionScope) =>
  operatingHoursRoleArn === undefined ? [deployRoleArn] : [deployRoleArn, operatingHoursRoleArn];

const change = { eventSource: "rds.amazonaws.com", readOnly: false };
const dBInstanceIdentifier = databaseName(exampleScope);
const responseElements = { dBInstanceIdentifier };

export const databaseChange: TrailDetection = {
  id: "database-change",
  title: "The database was changed, exposed or deleted",
  severity: "high",
  tactic: "impact",
  source: "trail",
  // Every write call on the instance, its parameter group or its subnet group by anyone but the pipeline.
  // RDS rotates the master secret and makes its backups without such calls.
  pattern: (scope) =>
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "rds.amazonaws.com"),
        "$.readOnly IS FALSE",
        anyOf(
          ourInstance(scope),
          // StopDBInstanceAutomatedBackupsReplication
          matchesAny("$.requestParameters.sourceDBInstanceArn", `*:db:${databaseName(scope)}`),
        ),
        matchesNone("$.eventName", ...COPIES),
        matchesNone(CALLER_ROLE_ARN, ...expectedRoles(scope)),
      ),
    ),
  // The name in the request is as the caller wrote it.
  furtherPatterns: (scope) => [
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "rds.amazonaws.com"),
        "$.readOnly IS FALSE",
        anyOf(
          names("dBParameterGroupName", `${databaseName(scope)}*`),
          names("dBSubnetGroupName", databaseName(scope)),
        ),
        matchesNone("$.eventName", "Restore*", "*ReadReplica"),
        matchesNone(CALLER_ROLE_ARN, ...expectedRoles(scope)),
      ),
    ),
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "rds.amazonaws.com"),
        matchesAny("$.eventName", "RegisterDBProxyTargets"),
        anyOf(
          matchesAny("$.requestParameters.dBInstanceIdentifiers[*]", databaseName(scope)),
          matchesAny("$.responseElements.dBProxyTargets[*].rdsResourceId", databaseName(scope)),
        ),
      ),
    ),
    // Calls that no reviewed deployment makes, by any caller. The record shows a new password as asterisks.
    jsonPattern(
      allOf(
        matchesAny("$.eventSource", "rds.amazonaws.com"),
        ourInstance(scope),
        anyOf(
          matchesAny("$.eventName", "DeleteDBInstance"),
          `(${allOf(
            matchesAny("$.eventName", "ModifyDBInstance"),
            anyOf(
              "$.requestParameters.publiclyAccessible IS TRUE",
              matchesAny("$.requestParameters.masterUserPassword", "*"),
              "$.requestParameters.backupRetentionPeriod = 0", // deletes the automated backups
            ),
          )})`,
        ),
      ),
    ),
  ],
  threshold: 1,
  period: 60,
  evaluationPeriods: 15,
  datapointsToAlarm: 1,
  treatMissingData: "notBreaching",
  statistic: "Sum",
  why: "Somebody who can change the instance can open it to the internet, sign in as its owner, or destroy the records. The records are encrypted, so reading them also takes the KMS key.",
  falsePositives: [
    "An administrator repaired or resized the database manually: planned, and by a person you know.",
    "A known administrator deleted a manual snapshot that is no longer needed.",
    "The environment was taken down on purpose: DeleteDBInstance by the deploy role.",
    "Somebody deployed from their own machine: exclude that role, or deploy through the pipeline.",
  ],
  runbook: [
    "Run the query to see what was changed, by whom, and from where.",
    "Make a public instance private again (`aws rds modify-db-instance --no-publicly-accessible`), and restore the rest: `npm run diff database`, then `npm run deploy database`.",
    "If the master password was changed, let RDS manage it again (`--manage-master-user-password`).",
    "If the instance was deleted, restore its final snapshot or a retained automated backup.",
    "Revoke the caller's access.",
  ],
  insightsQuery: (scope) =>
    [
      "fields eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters.publiclyAccessible, requestParameters.deletionProtection, eventID, errorCode",
      `filter eventSource = "rds.amazonaws.com" and eventName not like /^(Describe|List|Download)/ and @message like "${databaseName(scope)}"`,
      "sort eventTime desc",
    ].join(" | "),
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/logging-using-cloudtrail.html
  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
  mustFire: [
    exampleEvent("a user makes the database public", user, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: { dBInstanceIdentifier, publiclyAccessible: true, applyImmediately: true },
      responseElements,
    }),
    exampleEvent("a user resets the master password, and writes the name in capitals", user, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: {
        dBInstanceIdentifier: dBInstanceIdentifier.toUpperCase(),
        masterUserPassword: "****",
        applyImmediately: true,
      },
      responseElements,
    }),
    exampleEvent("an administrator turns deletion protection off", administrator, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: { dBInstanceIdentifier, deletionProtection: false },
      responseElements,
    }),
    exampleEvent("the pipeline's role deletes the database without a final snapshot", deployer, {
      ...change,
      eventName: "DeleteDBInstance",
      requestParameters: { dBInstanceIdentifier, skipFinalSnapshot: true },
      responseElements,
    }),
    exampleEvent("the pipeline's role makes the database public", deployer, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: { dBInstanceIdentifier, publiclyAccessible: true },
      responseElements,
    }),
    exampleEvent("the pipeline's role deletes the automated backups", deployer, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: { dBInstanceIdentifier, backupRetentionPeriod: 0 },
      responseElements,
    }),
    exampleEvent("AWS denies a user to delete the database", user, {
      ...change,
      eventName: "DeleteDBInstance",
      errorCode: "AccessDenied",
      requestParameters: { dBInstanceIdentifier, skipFinalSnapshot: true },
    }),
    exampleEvent("a user changes the parameter group, so that the log omits connections", user, {
      ...change,
      eventName: "ModifyDBParameterGroup",
      requestParameters: {
        dBParameterGroupName: `${dBInstanceIdentifier}-postgres18`,
        parameters: [{ parameterName: "log_connections", parameterValue: "" }],
      },
    }),
    exampleEvent("a user changes the parameter group, and writes its name in capitals", user, {
      ...change,
      eventName: "ModifyDBParameterGroup",
      requestParameters: {
        dBParameterGroupName: `${dBInstanceIdentifier}-postgres18`.toUpperCase(),
        parameters: [{ parameterName: "rds.force_ssl", parameterValue: "0" }],
      },
      responseElements: { dBParameterGroupName: `${dBInstanceIdentifier}-postgres18` },
    }),
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StopDBInstanceAutomatedBackupsReplication.html
    exampleEvent("a user stops the copies of the backups in the second Region", user, {
      ...change,
      eventName: "StopDBInstanceAutomatedBackupsReplication",
      requestParameters: {
        sourceDBInstanceArn: `arn:aws:rds:ap-southeast-2:111122223333:db:${dBInstanceIdentifier}`,
      },
      responseElements,
    }),
    exampleEvent("a user gives the database another security group", user, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: { dBInstanceIdentifier, vpcSecurityGroupIds: ["sg-0a1b2c3d4e5f60718"] },
      responseElements,
    }),
    exampleEvent("a user deletes a snapshot of the database", user, {
      ...change,
      eventName: "DeleteDBSnapshot",
      requestParameters: { dBSnapshotIdentifier: "before-migration" },
      responseElements: { ...responseElements, dBSnapshotIdentifier: "before-migration" },
    }),
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstanceAutomatedBackup.html
    exampleEvent("a user deletes the automated backups", user, {
      ...change,
      eventName: "DeleteDBInstanceAutomatedBackup",
      requestParameters: { dbiResourceId: "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
      responseElements: { ...responseElements, status: "deleting" },
    }),
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RegisterDBProxyTargets.html
    exampleEvent("a user connects a proxy of her own to the database", user, {
      ...change,
      eventName: "RegisterDBProxyTargets",
      requestParameters: {
        dBProxyName: "x",
        dBInstanceIdentifiers: [dBInstanceIdentifier.toUpperCase()],
      },
      responseElements: {
        dBProxyTargets: [{ rdsResourceId: dBInstanceIdentifier, type: "RDS_INSTANCE" }],
      },
    }),
    exampleEvent("AWS denies a user to connect a proxy to the database", user, {
      ...change,
      eventName: "RegisterDBProxyTargets",
      errorCode: "AccessDenied",
      requestParameters: { dBProxyName: "x", dBInstanceIdentifiers: [dBInstanceIdentifier] },
    }),
  ],
  mustNotFire: [
    exampleEvent("the pipeline resizes the database", deployer, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: {
        dBInstanceIdentifier,
        dBInstanceClass: "db.t4g.medium",
        publiclyAccessible: false,
      },
      responseElements,
    }),
    exampleEvent("an administrator describes the database", administrator, {
      ...change,
      eventName: "DescribeDBInstances",
      readOnly: true,
      requestParameters: { dBInstanceIdentifier },
    }),
    exampleEvent("an administrator resets the password of another database", administrator, {
      ...change,
      eventName: "ModifyDBInstance",
      requestParameters: { dBInstanceIdentifier: "orders", masterUserPassword: "****" },
      responseElements: { dBInstanceIdentifier: "orders" },
    }),
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    exampleEvent(
      "RDS rotates the master secret",
      awsService("rds.amazonaws.com", "AWSServiceRoleForRDS"),
      {
        eventSource: "secretsmanager.amazonaws.com",
        eventName: "PutSecretValue",
        readOnly: false,
        requestParameters: { secretId: "rds!db-4d1e7a90-6b3c-4f58-9a2d-8c5e0f1b7d36" },
      },
    ),
  ],
};
