import { CloudwatchEventApiDestination } from "@cdktf/provider-aws/lib/cloudwatch-event-api-destination/index.js";
import { CloudwatchEventConnection } from "@cdktf/provider-aws/lib/cloudwatch-event-connection/index.js";
import { Construct } from "constructs";
import { resourceName } from "../../common/naming.ts";
import { CipherwatchStack } from "../cipherwatch-stack.ts";
import { awsServiceRole } from "./aws-service-role.ts";
import { allow, fromSource } from "./policy.ts";

/** Placeholder, not a secret: a person sets the header's value after deployment (docs/alarm-events.md). */
const UNSET = "not-set-yet";

/** Far more than alarms produce. EventBridge delays what exceeds the rate. */
const INVOCATIONS_PER_SECOND = 10;

/** An HTTPS endpoint that EventBridge rules post events to, with an `Authorization` header. */
export class Webhook extends Construct {
  readonly destinationArn: string;
  /** The role that EventBridge assumes to post to the endpoint. */
  readonly roleArn: string;

  constructor(scope: Construct, id: string, { url }: { readonly url: string }) {
    super(scope, id);
    const stack = CipherwatchStack.of(this);
    const { env } = stack.settings;
    const name = resourceName(env, "webhook");
    const connection = new CloudwatchEventConnection(this, "Connection", {
      name,
      // Never change the description: an update would reset the header to the placeholder.
      description: "The Authorization header of the webhook; its secret is set by hand",
      authorizationType: "API_KEY",
      authParameters: { apiKey: { key: "Authorization", value: UNSET } },
      // The value is set outside of Terraform, so that neither state nor variables contain it.
      lifecycle: { ignoreChanges: ["auth_parameters"] },
    });
    const destination = new CloudwatchEventApiDestination(this, "Destination", {
      name,
      description: "Receives every state change of an alarm",
      connectionArn: connection.arn,
      httpMethod: "POST",
      invocationEndpoint: url,
      invocationRateLimitPerSecond: INVOCATIONS_PER_SECOND,
    });
    this.destinationArn = destination.arn;
    const role = awsServiceRole(this, "", {
      name,
      description: "Lets EventBridge post to the webhook",
      service: "events.amazonaws.com",
      trustSid: "RulesAssume",
      trustConditions: fromSource(
        stack,
        stack.regionalArn("events", `rule/${resourceName(env, "*")}`),
      ),
      policyId: "Post",
      policyName: "post",
      permissions: [allow("PostToWebhook", [destination.arn], ["events:InvokeApiDestination"])],
    });
    this.roleArn = role.roleArn;
  }
}
