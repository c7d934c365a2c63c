import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic/index.js";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy/index.js";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription/index.js";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { CipherwatchStack, type CipherwatchStackProps } from "./cipherwatch-stack.ts";
import { DetectionAlarm } from "./constructs/detection-alarm.ts";
import { EncryptionKey, THIS_KEY } from "./constructs/encryption-key.ts";
import {
  type Condition,
  denyWithoutTls,
  policyJson,
  type Statement,
  servicePrincipal,
} from "./constructs/policy.ts";
import type { Detection } from "./detections/detection.ts";
import { detections as allDetections } from "./detections/index.ts";
import { keyAlias, resourceName, serviceNamespace, serviceRoleName } from "./naming.ts";

export interface AlarmStackProps extends CipherwatchStackProps {
  /** Of the data key. */
  readonly keyArn: string;
  /** Log group of the trail; it must exist before this stack is applied. */
  readonly logGroupName: string;
  /** All that there are unless given. */
  readonly detections?: readonly Detection[];
}

/** Detections as metric filters and alarms, and the topic that mails about them. */
export class AlarmStack extends CipherwatchStack {
  readonly topicArn: string;

  constructor(scope: Construct, id: string, props: AlarmStackProps) {
    super(scope, id, props);
    const { env, alertEmail } = this.settings;
    const topicName = resourceName(env, "alarms");
    const arnOfName = this.regionalArn("sns", topicName);
    const key = new EncryptionKey(this, "TopicKey", {
      alias: keyAlias(env, "alarms"),
      description: `Encrypts the alarm topic of cipherwatch ${env}`,
      grants: this.#grantPublishers(arnOfName),
    });
    const topic = new SnsTopic(this, "Topic", {
      name: topicName,
      displayName: `Cipherwatch ${env}`,
      kmsMasterKeyId: key.keyArn,
    });
    this.topicArn = topic.arn;
    new SnsTopicPolicy(this, "TopicPolicy", {
      arn: topic.arn,
      policy: policyJson(this, "TopicAccess", this.#admitPublishers(arnOfName)),
    });
    new SnsTopicSubscription(this, "Mail", {
      topicArn: topic.arn,
      protocol: "email",
      endpoint: alertEmail,
    });

    const roleName = serviceRoleName(env);
    const watched = {
      serviceRoleArn: this.globalArn("iam", `role/${roleName}`),
      serviceRoleName: roleName,
      keyArn: props.keyArn,
      serviceNamespace: serviceNamespace(env),
    };
    for (const detection of props.detections ?? allDetections) {
      new DetectionAlarm(this, pascalCase(detection.id), {
        detection,
        watched,
        logGroupName: props.logGroupName,
        topicArn: topic.arn,
      });
    }

    new TerraformOutput(this, "TopicArn", { value: topic.arn });
  }

  /**
   * The alarms of this environment. With AWS's own key for SNS, or without this, an alarm changes its
   * state and its mail is dropped in silence.
   * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
   */
  #grantPublishers(topicArn: string): Statement[] {
    const actions = ["kms:Decrypt", "kms:GenerateDataKey"];
    return [
      {
        sid: "AlarmsEncryptMessages",
        principals: CLOUDWATCH,
        actions,
        resources: THIS_KEY,
        conditions: this.#from("cloudwatch", "alarm:"),
      },
      {
        sid: "RulesEncryptMessages",
        principals: EVENTBRIDGE,
        actions,
        resources: THIS_KEY,
        // EventBridge supports no aws:Source… condition in the key's policy, only in the topic's.
        conditions: [["StringEquals", "kms:EncryptionContext:aws:sns:topicArn", topicArn]],
      },
    ];
  }

  #admitPublishers(topicArn: string): Statement[] {
    const publish = { actions: ["sns:Publish"], resources: [topicArn] };
    return [
      denyWithoutTls(publish.actions, publish.resources),
      {
        sid: "AlarmsPublish",
        principals: CLOUDWATCH,
        ...publish,
        conditions: this.#from("cloudwatch", "alarm:"),
      },
      {
        sid: "RulesPublish",
        principals: EVENTBRIDGE,
        ...publish,
        conditions: this.#from("events", "rule/"),
      },
    ];
  }

  /** What comes from this account and from something that is named after this environment. */
  #from(service: string, kind: string): Condition[] {
    const named = resourceName(this.settings.env, "*");
    return [
      ["StringEquals", "aws:SourceAccount", this.accountId],
      ["ArnLike", "aws:SourceArn", this.regionalArn(service, `${kind}${named}`)],
    ];
  }
}

const CLOUDWATCH = servicePrincipal("cloudwatch.amazonaws.com");
const EVENTBRIDGE = servicePrincipal("events.amazonaws.com");

/** `kms-errors` → `KmsErrors`: construct ids are in Pascal case. */
function pascalCase(id: string): string {
  return id.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}
