import type { App } from "cdktf";
import { enabledDetections } from "../detections/enabled.ts";
import { createDetectionScope, type DetectionScope } from "../detections/scope.ts";
import type { Settings } from "../settings/index.ts";
import { resourceEnvironment } from "../settings/regions.ts";
import { AlarmStack } from "./alarm.ts";
import { BootstrapStack } from "./bootstrap.ts";
import type { StackSettings } from "./cipherwatch-stack.ts";
import { LedgerAlarms } from "./constructs/ledger-alarms.ts";
import { RejectedTrafficAlarm } from "./constructs/rejected-traffic-alarm.ts";
import { TrailGuardAlarm } from "./constructs/trail-guard-alarm.ts";
import { DatabaseStack } from "./database.ts";
import { KmsStack } from "./kms.ts";
import { NetworkStack } from "./network.ts";
import { applyBoundary, setRolePath } from "./pipeline/boundary.ts";
import { RegistryStack } from "./registry.ts";
import { ServiceStack } from "./service.ts";
import { TrailStack } from "./trail.ts";

/**
 * Adds every stack to the app, in the order in which they are deployed. The service is left out until there
 * is an image.
 */
export function addStacks(app: App, loaded: Settings): void {
  const settings = deployedSettings(loaded);
  const bootstrap = new BootstrapStack(app, "bootstrap", { settings });
  const network = new NetworkStack(app, "network", { settings });
  const kms = new KmsStack(app, "kms", { settings, vpcId: network.vpcId });
  const registry = new RegistryStack(app, "registry", { settings });
  const database = new DatabaseStack(app, "database", {
    settings,
    vpcId: network.vpcId,
    privateSubnetIds: network.privateSubnetIds,
    serviceSecurityGroupId: network.serviceSecurityGroupId,
  });
  if (settings.imageDigest !== undefined && database.instance !== undefined) {
    new ServiceStack(app, "service", {
      settings,
      imageDigest: settings.imageDigest,
      repositoryArn: registry.repositoryArn,
      repositoryUrl: registry.repositoryUrl,
      vpcId: network.vpcId,
      publicSubnetIds: network.publicSubnetIds,
      privateSubnetIds: network.privateSubnetIds,
      serviceSecurityGroupId: network.serviceSecurityGroupId,
      endpointSecurityGroupId: network.endpointSecurityGroupId,
      keyArn: kms.keyArn,
      previousKeyArns: kms.previousKeyArns,
      ...database.instance,
      databasePort: database.port,
      databaseName: database.databaseName,
      databaseUser: database.serviceUser,
      rewrapUser: database.rewrapUser,
      databaseSecurityGroupId: database.securityGroupId,
      secretKeyArn: database.secretKeyArn,
    });
  }
  const trail =
    settings.trailLogGroup === undefined ? new TrailStack(app, "trail", { settings }) : undefined;
  const alarm = new AlarmStack(app, "alarm", {
    settings,
    detections: enabledDetections(settings),
    scopeOf: (stack, topicKeyArn) =>
      createDetectionScope(
        settings.env,
        stack,
        {
          keyArn: kms.keyArn,
          previousKeyArns: kms.previousKeyArns,
          trailKeyArn: trail?.keyArn ?? settings.trailKeyArn,
          topicKeyArn,
          // In the order of STORAGE_KEYS.
          storageKeyArns: [
            database.keyArn,
            database.secretKeyArn,
            registry.keyArn,
            network.flowLog?.keyArn,
          ].filter((arn) => arn !== undefined),
          securityGroupIds: securityGroupsOf(network, database),
          vpcEndpointIds: network.vpcEndpointIds,
          natAddresses: network.natAddresses,
        },
        settings,
      ),
    ...(settings.monitoringCanary &&
      settings.imageDigest !== undefined && { canaryOf: (scope: DetectionScope) => scope }),
  });
  if (network.flowLog !== undefined) {
    new RejectedTrafficAlarm(alarm, "RejectedTraffic", {
      flowLogGroupName: network.flowLog.logGroupName,
      vpcCidr: network.flowLog.vpcCidr,
      topicArn: alarm.topicArnOf("medium"),
    });
  }
  if (settings.imageDigest !== undefined) addServiceAlarms(alarm, settings);
  // Log groups are referenced by name, which gives Terraform no dependency, so declare it.
  if (trail !== undefined) alarm.addDependency(trail);
  alarm.addDependency(network);
  setRolePath(app, settings.rolePath);
  applyBoundary(app, bootstrap);
}

/** The settings with the environment of the resources' names. A standby has no service. */
function deployedSettings(settings: Settings): StackSettings {
  const { standby, imageDigest } = settings;
  return {
    ...settings,
    env: resourceEnvironment(settings),
    imageDigest: standby ? undefined : imageDigest,
  };
}

/** Alarms on metrics that the service reports only with some settings. */
function addServiceAlarms(alarm: AlarmStack<DetectionScope>, settings: StackSettings): void {
  const topicArn = alarm.topicArnOf("critical");
  if (settings.decryptWithoutTrail !== "allow") {
    new TrailGuardAlarm(alarm, "TrailGuard", { topicArn });
  }
  if (settings.erasureLedger) new LedgerAlarms(alarm, "Ledger", { topicArn });
}

/** In the order of SECURITY_GROUPS. */
function securityGroupsOf(network: NetworkStack, database: DatabaseStack): readonly string[] {
  const { serviceSecurityGroupId, endpointSecurityGroupId } = network;
  const groups = [serviceSecurityGroupId, database.securityGroupId];
  return endpointSecurityGroupId === undefined ? groups : [...groups, endpointSecurityGroupId];
}
