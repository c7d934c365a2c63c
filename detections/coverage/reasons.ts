/** Why a technique or a rule is out of scope, for a security engineer. */
export const reasons = {
  people:
    "**Identities of people.** The deployment has no IAM users, groups, access keys, MFA devices, or SAML and Identity Center providers; ECS and GitHub Actions assume its roles. The team that monitors the account's identities detects their takeover. What a stolen identity then does to the deployment is reported here.",
  "sign-in":
    "**Sign-in of people.** The service has no console users. The CIS pack reports sign-ins without MFA, failed sign-ins and use of the root user; the rest belongs to the identity provider and to GuardDuty.",
  unused:
    "**Not used.** The deployment has no such resource: no EC2 instances, volumes or images of its own, no Lambda functions, no RDS clusters, activity streams or DB security groups (EC2-Classic), no SSM, and Fargate does not support traffic mirroring.",
  "key-material":
    "**Imported key material.** KMS generated the material of all keys. AWS rejects an import into such a key.",
  "data-events":
    "**Data events.** The trail records management events. S3 objects and SNS messages would be charged per request, and no bucket contains records or secrets: the states contain none, digests show changes of the trail's files, and server access logs record who read them. Changes of the buckets are reported.",
  reads:
    "**Reading the configuration.** It changes nothing, and consoles and inventory tools do it all day: an alarm would be switched off. The service's own roles are different: any call that they do not normally make is reported, and so is any denied one.",
  baseline:
    "**Compares with what an identity usually does**: its country, network, user agent or error codes. A metric filter has no memory. For the service's roles, every unusual call or address is reported instead; for people, use GuardDuty.",
  account:
    "**Settings of the whole account**: GuardDuty, Security Hub, AWS Config, Regions, membership of the organization. They belong to the account's owner. The trail covers all Regions, and the CIS pack reports changes of AWS Config and of the organization.",
  dns: "**DNS.** The domain and its hosted zone are not part of the deployment. Their owner monitors them. To read plaintext, an attacker also needs a certificate for the name, which certificate transparency logs show.",
  "endpoint-denials":
    "**Network activity events of VPC endpoints**, which are charged per event. The endpoint policies name the two roles and their calls. Calls of these roles that avoid the endpoints are reported. CloudTrail records no call that only an endpoint's policy denied.",
  network:
    "**No API call.** Security groups reject scans between hosts. The flow log records them, and the alarm `rejected-traffic` reports them.",
  floods:
    "**Floods.** AWS Shield Standard and the rate limits of the web ACL stop most of them. The service rejects excess load, and autoscaling is limited. Floods cause no API call, and disclose nothing.",
  provider:
    "**Weaknesses of AWS itself**, which leave no record that a customer can rely on. AWS monitors and fixes these.",
  "no-pages": "**Defacement.** The service has an API only: there is no page or content to deface.",
  "no-files":
    "**Credentials in files.** Images, states, logs and environments contain none; tests and a scanner in the pipeline check this. Roles and IAM authentication replace stored credentials.",
  "event-rule":
    "**Reported by EventBridge only.** The stack of the alarms is deployed without these keys, or may not read their state. A rule beside each key notifies the urgent topic of the same calls within seconds.",
  schedules:
    "**Only stops a dev environment.** Operating hours exist in dev only. A changed schedule can leave the database stopped, and discloses nothing.",
  "more-callers":
    "**Only admits more callers.** Each still needs a Key, the web ACL limits attempts, and each wrong Key is counted. The group belongs to the service's stack, which is deployed without the alarms. The CIS pack reports the call.",
} as const;

export type Reason = keyof typeof reasons;
