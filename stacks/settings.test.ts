import { describe, expect, test } from "vitest";
import { SettingsError, type SettingsProblem } from "./settings/error.ts";
import { loadSettings } from "./settings.ts";

const EMAIL = { CIPHERWATCH_ALERT_EMAIL: "security@example.com" };

function problemsOf(env: Readonly<Record<string, string>>): readonly SettingsProblem[] {
  try {
    loadSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  throw new Error("The settings were taken.");
}

/** The one problem with a variable's value. */
function problemWith(variable: string, value: string): SettingsProblem {
  const problems = problemsOf({ ...EMAIL, [variable]: value });
  expect(problems.map((problem) => problem.variable)).toEqual([variable]);
  return problems[0] as SettingsProblem;
}

describe("defaults", () => {
  test("only the alert address must be given, and the environment is dev", () => {
    expect(loadSettings(EMAIL)).toMatchObject({
      env: "dev",
      region: "ap-southeast-2",
      alertEmail: "security@example.com",
      allowedCidrs: [],
      thresholds: {},
      deletionProtection: false,
    });
  });

  test("prod keeps longer than dev, waits longer and refuses to destroy data", () => {
    const dev = loadSettings(EMAIL);
    const prod = loadSettings({ ...EMAIL, CIPHERWATCH_ENV: "prod" });
    expect(prod.logRetentionDays).toBeGreaterThan(dev.logRetentionDays);
    expect(prod.trailRetentionDays).toBeGreaterThan(dev.trailRetentionDays);
    expect(prod.keyDeletionDays).toBeGreaterThan(dev.keyDeletionDays);
    expect(prod.trailLockDays).toBeGreaterThan(0);
    expect(prod.deletionProtection).toBe(true);
  });

  test("an empty or blank variable counts as unset", () => {
    const blank = { ...EMAIL, CIPHERWATCH_ENV: "", CIPHERWATCH_REGION: "  ", CIPHERWATCH_TYPO: "" };
    expect(loadSettings(blank)).toEqual(loadSettings(EMAIL));
  });

  test("variables of others are left alone", () => {
    const others = { AWS_REGION: "x", PATH: "/bin", CIPHERWATCH_TF_MIRROR: "/mirror" };
    expect(loadSettings({ ...EMAIL, ...others })).toEqual(loadSettings(EMAIL));
  });
});

test("every setting is read from its variable", () => {
  const settings = loadSettings({
    CIPHERWATCH_ENV: "prod",
    CIPHERWATCH_REGION: "us-gov-west-1",
    CIPHERWATCH_ACCOUNT_ID: "012345678901",
    CIPHERWATCH_ALERT_EMAIL: " ops@example.com ",
    CIPHERWATCH_STATE_BUCKET: "example-state",
    CIPHERWATCH_ALLOWED_CIDRS: "203.0.113.0/24, 198.51.100.7/32",
    CIPHERWATCH_PAGER_EMAIL: "on-call@pager.example.com",
    CIPHERWATCH_DETECTIONS: "kms-errors, kms-outsider",
    CIPHERWATCH_CIS_PACK: "true",
    CIPHERWATCH_THRESHOLDS: "kms-errors=5",
    CIPHERWATCH_PERIODS: "kms-volume=3600,decrypt-denied=30",
    CIPHERWATCH_EXCLUSIONS:
      "kms-outsider=backup.amazonaws.com, kms-outsider=arn:aws:iam::012345678901:role/a=b",
    CIPHERWATCH_OK_NOTICES: "true",
    CIPHERWATCH_ALARM_QUEUE: "true",
    CIPHERWATCH_WEBHOOK_URL: "https://hooks.example.com/cipherwatch",
    CIPHERWATCH_KEY_ROTATION_DAYS: "90",
    CIPHERWATCH_KEY_DELETION_DAYS: "14",
    CIPHERWATCH_LOG_RETENTION_DAYS: "731",
    CIPHERWATCH_TRAIL_RETENTION_DAYS: "400",
    CIPHERWATCH_TRAIL_LOCK_DAYS: "0",
    CIPHERWATCH_DELETION_PROTECTION: "true",
    CIPHERWATCH_VPC_CIDR: "10.0.0.0/20",
    CIPHERWATCH_AVAILABILITY_ZONES: "2",
    CIPHERWATCH_NAT_GATEWAYS: "per-zone",
    CIPHERWATCH_VPC_ENDPOINTS: "false",
    CIPHERWATCH_REJECTED_CONNECTIONS: "25",
    CIPHERWATCH_DATABASE_INSTANCE_CLASS: "db.r8g.2xlarge",
    CIPHERWATCH_DATABASE_MULTI_AZ: "false",
    CIPHERWATCH_DATABASE_STORAGE: "40",
    CIPHERWATCH_DATABASE_STORAGE_LIMIT: "80",
    CIPHERWATCH_DATABASE_BACKUP_DAYS: "14",
    CIPHERWATCH_DATABASE_INSIGHTS: "advanced",
  });
  expect(settings).toMatchObject({
    env: "prod",
    region: "us-gov-west-1",
    accountId: "012345678901",
    alertEmail: "ops@example.com",
    stateBucket: "example-state",
    allowedCidrs: ["203.0.113.0/24", "198.51.100.7/32"],
    pagerEmail: "on-call@pager.example.com",
    detections: ["kms-errors", "kms-outsider"],
    cisPack: true,
    thresholds: { "kms-errors": 5 },
    periods: { "kms-volume": 3600, "decrypt-denied": 30 },
    exclusions: {
      "kms-outsider": ["backup.amazonaws.com", "arn:aws:iam::012345678901:role/a=b"],
    },
    okNotices: true,
    alarmQueue: true,
    webhookUrl: "https://hooks.example.com/cipherwatch",
    keyRotationDays: 90,
    keyDeletionDays: 14,
    logRetentionDays: 731,
    trailRetentionDays: 400,
    trailLockDays: 0,
    deletionProtection: true,
    vpcCidr: "10.0.0.0/20",
    availabilityZones: 2,
    natGateways: "per-zone",
    vpcEndpoints: false,
    rejectedConnections: 25,
    databaseInstanceClass: "db.r8g.2xlarge",
    databaseMultiAz: false,
    databaseStorage: 40,
    databaseStorageLimit: 80,
    databaseBackupDays: 14,
    databaseInsights: "advanced",
  });
});

test("the pipeline's settings are read, and the environment of GitHub follows ours", () => {
  expect(
    loadSettings({
      ...EMAIL,
      CIPHERWATCH_ENV: "prod",
      CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
      CIPHERWATCH_GITHUB_REPOSITORY_IDS: "123456/456789",
      CIPHERWATCH_GITHUB_OIDC_PROVIDER: "false",
    }),
  ).toMatchObject({
    githubRepository: "example-org/cipherwatch",
    githubRepositoryIds: "123456/456789",
    githubEnvironment: "production",
    githubOidcProvider: false,
  });
  expect(loadSettings(EMAIL)).toMatchObject({ githubEnvironment: "dev", githubOidcProvider: true });
});

describe("errors", () => {
  test("an unknown environment names the known ones", () => {
    const problem = problemWith("CIPHERWATCH_ENV", "staging");
    expect(problem).toMatchObject({ received: "staging", allowed: "dev, prod" });
  });

  test("a missing alert address says what to set", () => {
    const [problem] = problemsOf({});
    expect(problem).toMatchObject({
      variable: "CIPHERWATCH_ALERT_EMAIL",
      wrong: "this is not set",
      next: "set it to whom the alarms should mail",
    });
    expect(problem).not.toHaveProperty("received");
  });

  test.each([
    ["CIPHERWATCH_ALERT_EMAIL", "security(at)example.com", /e-mail/],
    ["CIPHERWATCH_REGION", "sydney", /region/],
    ["CIPHERWATCH_ACCOUNT_ID", "12345", /account/],
    ["CIPHERWATCH_STATE_BUCKET", "s3://state/key", /bucket/],
    ["CIPHERWATCH_ALLOWED_CIDRS", "203.0.113.0/24,300.1.1.0/24", /"300\.1\.1\.0\/24" is no IPv4/],
    ["CIPHERWATCH_ALLOWED_CIDRS", "203.0.113.9/24", /the range is 203\.0\.113\.0\/24/],
    ["CIPHERWATCH_KEY_ROTATION_DAYS", "2561", /number of days/],
    ["CIPHERWATCH_KEY_ROTATION_DAYS", "100.5", /number of days/],
    ["CIPHERWATCH_KEY_DELETION_DAYS", "6", /number of days/],
    ["CIPHERWATCH_TRAIL_RETENTION_DAYS", "soon", /number of days/],
    ["CIPHERWATCH_DELETION_PROTECTION", "perhaps", /neither true nor false/],
    ["CIPHERWATCH_VPC_CIDR", "10.0.0.0/25", /too small/],
    ["CIPHERWATCH_VPC_CIDR", "203.0.0.0/16", /private addresses/],
    ["CIPHERWATCH_AVAILABILITY_ZONES", "1", /such a number/],
    ["CIPHERWATCH_AVAILABILITY_ZONES", "4", /such a number/],
    ["CIPHERWATCH_NAT_GATEWAYS", "two", /no such choice/],
    ["CIPHERWATCH_VPC_ENDPOINTS", "some", /neither true nor false/],
    ["CIPHERWATCH_REJECTED_CONNECTIONS", "0", /such a number/],
    ["CIPHERWATCH_DATABASE_INSTANCE_CLASS", "t4g.micro", /class/],
    ["CIPHERWATCH_DATABASE_MULTI_AZ", "yes please", /neither true nor false/],
    ["CIPHERWATCH_DATABASE_STORAGE", "19", /such a number/],
    ["CIPHERWATCH_DATABASE_BACKUP_DAYS", "6", /number of days/],
    ["CIPHERWATCH_DATABASE_BACKUP_DAYS", "36", /number of days/],
    ["CIPHERWATCH_DATABASE_INSIGHTS", "expert", /no such mode/],
    ["CIPHERWATCH_THRESHOLDS", "kms-errors", /kms-errors has no number/],
    ["CIPHERWATCH_THRESHOLDS", "kms-errors=", /kms-errors has ""/],
    ["CIPHERWATCH_THRESHOLDS", "kms-errors=0", /kms-errors has "0"/],
    ["CIPHERWATCH_THRESHOLDS", "kms-errors=2,kms-errors=3", /twice/],
    ["CIPHERWATCH_PAGER_EMAIL", "pager", /e-mail/],
    ["CIPHERWATCH_DETECTIONS", "kms-errors,kms-outsiders", /"kms-outsiders"; did you mean kms-out/],
    ["CIPHERWATCH_DETECTIONS", "cis-root-use", /no detection "cis-root-use"/],
    ["CIPHERWATCH_PERIODS", "kms-errors=90", /multiple of 60/],
    ["CIPHERWATCH_PERIODS", "kms-errors=10", /one point a minute/],
    ["CIPHERWATCH_PERIODS", "kms-outsider=43200", /15 periods.+43200 is more than 40320/],
    ["CIPHERWATCH_EXCLUSIONS", "kms-outsider=Admin", /"Admin" is neither/],
    ["CIPHERWATCH_EXCLUSIONS", "kms-outsider=arn:aws:iam::111122223333:role/*", /neither/],
    ["CIPHERWATCH_EXCLUSIONS", "kms-outsider=arn:aws:iam::111122223333:role/a*b", /neither/],
    ["CIPHERWATCH_EXCLUSIONS", "kms-outsider", /"" is neither/],
    ["CIPHERWATCH_EXCLUSIONS", "decrypt-denied=config.amazonaws.com", /detection with a filter/],
    ["CIPHERWATCH_ALARM_QUEUE", "SQS", /neither true nor false/],
    ["CIPHERWATCH_GITHUB_REPOSITORY", "https://github.com/example-org/cipherwatch", /GitHub/],
    ["CIPHERWATCH_GITHUB_REPOSITORY", "example-org/*", /GitHub/],
    ["CIPHERWATCH_GITHUB_ENVIRONMENT", "production*", /environment/],
    ["CIPHERWATCH_GITHUB_OIDC_PROVIDER", "there", /neither true nor false/],
  ])("%s=%s is refused", (variable, value, wrong) => {
    const problem = problemWith(variable, value);
    expect(problem.wrong).toMatch(wrong);
    expect(problem.received).toBe(value);
    expect(problem.allowed).not.toBe("");
    expect(problem.next).not.toBe("");
  });

  test("a log retention that CloudWatch does not offer lists those that it does", () => {
    const problem = problemWith("CIPHERWATCH_LOG_RETENTION_DAYS", "100");
    expect(problem.wrong).toBe("CloudWatch offers no such retention");
    expect(problem.allowed).toMatch(/ 90, 120, /);
  });

  test("an unknown detection lists the known ones and suggests the nearest", () => {
    const problem = problemWith("CIPHERWATCH_THRESHOLDS", "kms-error=5");
    expect(problem.wrong).toMatch(/no detection "kms-error"; did you mean kms-errors\?/);
    expect(problem.allowed).toMatch(/kms-errors/);
  });

  test("exclusions that make a pattern too long are refused before AWS does", () => {
    const exclusions = Array.from(
      { length: 4 },
      (_, at) => `ecs-change=arn:aws:iam::111122223333:role/Deployer${at}`,
    ).join(",");
    const problem = problemWith("CIPHERWATCH_EXCLUSIONS", exclusions);
    expect(problem.wrong).toMatch(/filter pattern of ecs-change has 1\d{3} characters$/);
    expect(problem.allowed).toMatch(/at most 1024/);
    expect(problem.next).toMatch(/ends with \*/);
  });

  test.each([
    "hooks.example.com",
    "http://hooks.example.com/",
    "https://user:pw@hooks.example.com/",
    "https://a.b/?key=1",
  ])("the webhook %s is refused, and not shown: it may be a secret", (url) => {
    const problem = problemWith("CIPHERWATCH_WEBHOOK_URL", url);
    expect(problem.allowed).toMatch(/https:/);
    expect(JSON.stringify(problem)).not.toContain(url);
  });

  test("an unknown variable suggests the nearest and does not show its value", () => {
    const problem = problemWith("CIPHERWATCH_REGOIN", "hunter2");
    expect(problem.wrong).toMatch(/did you mean CIPHERWATCH_REGION\?/);
    expect(JSON.stringify(problem)).not.toMatch(/hunter2/);
  });

  test("prod without deletion protection is refused", () => {
    const problems = problemsOf({
      ...EMAIL,
      CIPHERWATCH_ENV: "prod",
      CIPHERWATCH_DELETION_PROTECTION: "false",
    });
    expect(problems).toMatchObject([
      { variable: "CIPHERWATCH_DELETION_PROTECTION", received: "false", allowed: "true, in prod" },
    ]);
  });

  test("ids of a repository without its name are refused", () => {
    const ids = { CIPHERWATCH_GITHUB_REPOSITORY_IDS: "123456/456789" };
    expect(problemsOf({ ...EMAIL, ...ids })).toMatchObject([
      {
        variable: "CIPHERWATCH_GITHUB_REPOSITORY",
        wrong: "ids without the repository they are of are of no use",
      },
    ]);
  });

  test("ids that are no two numbers are refused", () => {
    const problems = problemsOf({
      ...EMAIL,
      CIPHERWATCH_GITHUB_REPOSITORY: "example-org/cipherwatch",
      CIPHERWATCH_GITHUB_REPOSITORY_IDS: "456789",
    });
    expect(problems).toMatchObject([
      { variable: "CIPHERWATCH_GITHUB_REPOSITORY_IDS", received: "456789" },
    ]);
  });

  test("a lock that outlasts the files is refused with both numbers", () => {
    const problem = problemWith("CIPHERWATCH_TRAIL_LOCK_DAYS", "91");
    expect(problem.wrong).toMatch(/locked for 91 days, but kept for 90/);
  });

  test.each([
    { CIPHERWATCH_NAT_GATEWAYS: "none" },
    {
      CIPHERWATCH_ENV: "prod",
      CIPHERWATCH_NAT_GATEWAYS: "none",
      CIPHERWATCH_VPC_ENDPOINTS: "false",
    },
  ])("neither a NAT gateway nor endpoints is refused: %o", (variables) => {
    expect(problemsOf({ ...EMAIL, ...variables })).toMatchObject([
      {
        variable: "CIPHERWATCH_NAT_GATEWAYS",
        wrong: "without a NAT gateway and without endpoints the service cannot reach AWS",
        next: "set it to one of these, or set CIPHERWATCH_VPC_ENDPOINTS to true",
      },
    ]);
  });

  test("a storage limit less than a tenth above the storage is refused", () => {
    expect(problemWith("CIPHERWATCH_DATABASE_STORAGE_LIMIT", "21").allowed).toBe(
      "at least 10 % above CIPHERWATCH_DATABASE_STORAGE",
    );
    const enough = loadSettings({ ...EMAIL, CIPHERWATCH_DATABASE_STORAGE_LIMIT: "22" });
    expect(enough.databaseStorageLimit).toBe(22);
  });

  test("all problems are told at once, in a message for people", () => {
    const env = {
      CIPHERWATCH_ENV: "prod",
      CIPHERWATCH_REGION: "sydney",
      CIPHERWATCH_DELETION_PROTECTION: "false",
      CIPHERWATCH_NOISE: "1",
    };
    expect(
      problemsOf(env)
        .map(({ variable }) => variable)
        .sort(),
    ).toEqual([
      "CIPHERWATCH_ALERT_EMAIL",
      "CIPHERWATCH_DELETION_PROTECTION",
      "CIPHERWATCH_NOISE",
      "CIPHERWATCH_REGION",
    ]);
    expect(() => loadSettings(env)).toThrow(
      [
        '  CIPHERWATCH_REGION = "sydney"',
        "    wrong:   this is no code of an AWS region",
        "    allowed: the code of an AWS region, such as ap-southeast-2",
        "    next:    take one from `aws account list-regions`, or unset it for ap-southeast-2",
      ].join("\n"),
    );
  });

  test("a long value is cut short in the message", () => {
    const long = "x".repeat(5000);
    expect(() => loadSettings({ ...EMAIL, CIPHERWATCH_REGION: long })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("x".repeat(200)) }),
    );
  });
});
