import type { App } from "cdktf";
import type { Settings } from "../settings/index.ts";
import { AlarmStack } from "./alarm.ts";
import { BootstrapStack } from "./bootstrap.ts";
import { RejectedTrafficAlarm } from "./constructs/rejected-traffic-alarm.ts";
import { DatabaseStack } from "./database.ts";
import { KmsStack } from "./kms.ts";
import { NetworkStack } from "./network.ts";
import { applyBoundary } from "./pipeline/boundary.ts";
import { RegistryStack } from "./registry.ts";
import { ServiceStack } from "./service.ts";
import { TrailStack } from "./trail.ts";

/**
 * Adds every stack to the app, in the order in which they are deployed. The service is left out until there
 * is an image.
 */
export function addStacks(app: App, settings: Settings): void {
  const bootstrap = new BootstrapStack(app, "bootstrap", { settings });
  const network = new NetworkStack(app, "network", { settings });
  const { vpcId, privateSubnetIds, serviceSecurityGroupId } = network;
  const { keyArn } = new KmsStack(app, "kms", { settings });
  const registry = new RegistryStack(app, "registry", { settings });
  const database = new DatabaseStack(app, "database", {
    settings,
    vpcId,
    privateSubnetIds,
    serviceSecurityGroupId,
  });
  const { imageDigest } = settings;
  if (imageDigest !== undefined) {
    const { publicSubnetIds, endpointSecurityGroupId } = network;
    const { repositoryArn, repositoryUrl } = registry;
    const { masterSecretArn, secretKeyArn } = database;
    new ServiceStack(app, "service", {
      settings,
      imageDigest,
      repositoryArn,
      repositoryUrl,
      vpcId,
      publicSubnetIds,
      privateSubnetIds,
      serviceSecurityGroupId,
      ...(endpointSecurityGroupId === undefined ? {} : { endpointSecurityGroupId }),
      keyArn,
      databaseHost: database.host,
      databasePort: database.port,
      databaseName: database.databaseName,
      databaseUser: database.serviceUser,
      databaseResourceId: database.resourceId,
      databaseSecurityGroupId: database.securityGroupId,
      masterSecretArn,
      secretKeyArn,
    });
  }
  const trail = new TrailStack(app, "trail", { settings });
  const alarm = new AlarmStack(app, "alarm", { settings, keyArn, trailKeyArn: trail.keyArn });
  const { flowLogGroupName, vpcCidr } = network;
  const topicArn = alarm.topicArnOf("medium");
  new RejectedTrafficAlarm(alarm, "RejectedTraffic", { flowLogGroupName, vpcCidr, topicArn });
  // Log groups are referenced by name, which gives Terraform no dependency, so declare it.
  alarm.addDependency(trail);
  alarm.addDependency(network);
  applyBoundary(app, bootstrap);
}
