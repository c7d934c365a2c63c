"""An AWS emulator on 127.0.0.1: moto with patches for Terraform's AWS provider.

Prints its port on the first line and exits when its standard input closes.

Besides the AWS APIs it serves
  GET /calls       calls since the last GET: [{service, operation, method, path, query}]
  GET /objects     S3 objects: [{bucket, key, encryption, kmsKeyId, body}], with a base64 body
  GET /secrets     secrets in Secrets Manager: [{name, value}]
  GET /monitoring  {alarms: [{name, actions}], filters: [{name, pattern, logGroupName}]}
  GET /zone/X      creates the public Route 53 zone X, and returns its id
  LookupEvents     CloudTrail's event history: the calls that changed something, by any text in their parameters
  GET /fork        starts a copy of the emulator with the same resources, and returns its port
  GET /remaining   resources that a new account does not have: ["service ClassName state name"]
"""

import base64
import inspect
import io
import json
import os
import re
import sys
import threading
import uuid
from copy import deepcopy
from datetime import datetime, timezone
from urllib.parse import parse_qs

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BackendDict
from moto.core.common_models import BaseModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeDeleteMarker, FakeKey
from werkzeug.serving import WSGIRequestHandler, make_server


def allow_plain_http():
    """Ignores bucket policy statements that deny requests without TLS.

    moto ignores the conditions of bucket policies, so such a statement would deny every request."""
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    is_action_permitted = IAMPolicyStatement.is_action_permitted

    def is_action_permitted_over_tls(self, *args, **kwargs):
        if self._statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}:
            return PermissionResult.NEUTRAL
        return is_action_permitted(self, *args, **kwargs)

    IAMPolicyStatement.is_action_permitted = is_action_permitted_over_tls


def fix_delete_marker_deletion():
    """Deletes delete markers. moto fails if the last version of an object is one."""
    FakeDeleteMarker.dispose = lambda self, garbage=False: None


def delete_dependent_network_resources():
    """Deletes the interface of a deleted NAT gateway and the ACLs of a deleted VPC."""
    from moto.ec2.models import EC2Backend

    delete_nat_gateway = EC2Backend.delete_nat_gateway
    delete_vpc = EC2Backend.delete_vpc

    def delete_nat_gateway_and_interface(self, nat_gateway_id):
        deleted = delete_nat_gateway(self, nat_gateway_id)
        self.delete_network_interface(deleted._eni.id)
        return deleted

    def delete_vpc_and_acls(self, vpc_id):
        deleted = delete_vpc(self, vpc_id)
        for acl in [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
            self.network_acls.pop(acl.id)
        return deleted

    EC2Backend.delete_nat_gateway = delete_nat_gateway_and_interface
    EC2Backend.delete_vpc = delete_vpc_and_acls


def keep_rule_descriptions():
    """Keeps descriptions of all security group rules. moto keeps them only for IP ranges."""
    from moto.ec2.models.security_groups import SecurityGroupRule

    make = SecurityGroupRule.__init__

    def make_with_prefix_list(self, *args, **kwargs):
        make(self, *args, **kwargs)
        arguments = inspect.signature(make).bind(self, *args, **kwargs).arguments
        self.prefix_list = arguments.get("prefix_list_id") or {}

    def description(self):
        peers = (self.ip_range, self.source_group, self.prefix_list)
        return next((peer["Description"] for peer in peers if "Description" in peer), None)

    SecurityGroupRule.__init__ = make_with_prefix_list
    SecurityGroupRule.description = property(description)


def keep_rotation_periods():
    """Keeps the rotation period of KMS keys, which moto drops."""
    from moto.kms.responses import KmsResponse

    periods = {}

    def key_id_of(self):
        key_id = self._get_param("KeyId")
        self._validate_cmk_id(key_id)
        return self.kms_backend.get_key_id(key_id)

    def enable_key_rotation(self):
        key_id = key_id_of(self)
        self.kms_backend.enable_key_rotation(key_id)
        periods[key_id] = self._get_param("RotationPeriodInDays") or 365
        return json.dumps(None)

    def get_key_rotation_status(self):
        key_id = key_id_of(self)
        if not self.kms_backend.get_key_rotation_status(key_id):
            return json.dumps({"KeyId": key_id, "KeyRotationEnabled": False})
        status = {"KeyRotationEnabled": True, "RotationPeriodInDays": periods[key_id]}
        return json.dumps({"KeyId": key_id, **status})

    KmsResponse.enable_key_rotation = enable_key_rotation
    KmsResponse.get_key_rotation_status = get_key_rotation_status


def separate_replica_keys():
    """Gives KMS replica keys a policy, description and tags of their own, which moto drops.

    Gives multi-Region keys ids without hyphens, as AWS does."""
    from moto.kms import models
    from moto.kms.models import kms_backends
    from moto.kms.responses import KmsResponse

    def generate_key_id(multi_region=False):
        return f"mrk-{uuid.uuid4().hex}" if multi_region else str(uuid.uuid4())

    def replicate_key(self):
        key_id = self.kms_backend.get_key_id(self._get_param("KeyId"))
        region = self._get_param("ReplicaRegion")
        primary = self.kms_backend.keys[key_id]
        replica = self.kms_backend.replicate_key(key_id, region)
        replica.multi_region_configuration = deepcopy(primary.multi_region_configuration)
        replica.multi_region_configuration["MultiRegionKeyType"] = "REPLICA"
        primary.multi_region_configuration["MultiRegionKeyType"] = "PRIMARY"
        replica.description = self._get_param("Description") or ""
        replica.policy = self._get_param("Policy") or replica.generate_default_policy()
        tags = self._get_param("Tags") or []
        kms_backends[self.current_account][region].tag_resource(key_id, tags)
        metadata = replica.to_dict()["KeyMetadata"]
        return json.dumps({"ReplicaKeyMetadata": metadata, "ReplicaPolicy": replica.policy})

    validate = KmsResponse._validate_cmk_id

    def validate_id(self, key_id):
        if self.kms_backend.get_key_id(key_id) not in self.kms_backend.keys:
            validate(self, key_id)

    models.generate_key_id = generate_key_id
    KmsResponse._validate_cmk_id = validate_id
    KmsResponse.replicate_key = replicate_key


def find_trails_by_arn():
    """Finds trails by ARN, which the provider uses. moto finds them only by name."""
    from moto.cloudtrail.models import CloudTrailBackend

    def by_name(method):
        def call(self, name, *args, **kwargs):
            return method(self, self.get_trail(name).trail_name, *args, **kwargs)

        return call

    for method in ("start_logging", "stop_logging", "delete_trail"):
        setattr(CloudTrailBackend, method, by_name(getattr(CloudTrailBackend, method)))


def keep_database_settings():
    """Keeps monitoring settings of databases and sources of parameters, which moto drops.

    Gives databases the certificate authority that AWS does. For moto's, the provider changes each new
    database, which takes it 80 seconds. Gives each database a resource id of its own, and a minor version."""
    from moto.rds.models import DBInstance, DBParameterGroup

    make = DBInstance.__init__
    update = DBParameterGroup.update_parameters

    def make_with_monitoring(self, *args, **kwargs):
        make(self, *args, **{"ca_certificate_identifier": "rds-ca-rsa2048-g1", **kwargs})
        insights = bool(kwargs.get("enable_performance_insights"))
        retention = kwargs.get("performance_insights_retention_period")
        self.database_insights_mode = kwargs.get("database_insights_mode")
        self.monitoring_interval = kwargs.get("monitoring_interval") or 0
        self.monitoring_role_arn = kwargs.get("monitoring_role_arn")
        self.performance_insights_enabled = insights
        self.performance_insights_kms_key_id = kwargs.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = retention or (7 if insights else None)
        self.dbi_resource_id = f"db-{uuid.uuid4().hex[:26].upper()}"
        if self.engine == "postgres" and "." not in self.engine_version:
            self.engine_version += ".1"

    def update_as_user(self, parameters):
        update(self, [{"Source": "user", **parameter} for parameter in parameters])

    DBInstance.__init__ = make_with_monitoring
    DBParameterGroup.update_parameters = update_as_user


def support_backup_copies():
    """Adds copies of the automated backups of a database in another Region."""
    from moto.core.responses import ActionResult
    from moto.rds.responses import RDSResponse

    copies = {}
    describe_own = RDSResponse.describe_db_instance_automated_backups

    def start(self):
        source = self.params["SourceDBInstanceArn"]
        arn = f"arn:aws:rds:{self.region}:{self.current_account}:auto-backup:ab-{uuid.uuid4().hex}"
        copies[arn] = {
            "BackupRetentionPeriod": self.params.get("BackupRetentionPeriod"),
            "DBInstanceArn": source,
            "DBInstanceAutomatedBackupsArn": arn,
            "DBInstanceIdentifier": source.split(":")[-1],
            "KmsKeyId": self.params.get("KmsKeyId"),
            "Region": source.split(":")[3],
            "Status": "replicating",
        }
        return ActionResult({"DBInstanceAutomatedBackup": copies[arn]})

    def describe(self):
        arn = self.params.get("DBInstanceAutomatedBackupsArn")
        if arn is None:
            return describe_own(self)
        return ActionResult({"DBInstanceAutomatedBackups": [copies[arn]] if arn in copies else []})

    RDSResponse.start_db_instance_automated_backups_replication = start
    RDSResponse.describe_db_instance_automated_backups = describe


def keep_service_settings():
    """Keeps settings of CreateService and UpdateService that moto drops."""
    from moto.ecs.responses import EC2ContainerServiceResponse

    attributes = {
        "availabilityZoneRebalancing": "availability_zone_rebalancing",
        "deploymentConfiguration": "deployment_configuration",
        "enableECSManagedTags": "enable_ecs_managed_tags",
        "enableExecuteCommand": "enable_execute_command",
        "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    }

    def keeping(respond):
        def call(self):
            result = respond(self)
            service = result.result["service"]
            for parameter, attribute in attributes.items():
                value = self._get_param(parameter)
                if value is not None:
                    setattr(service, attribute, value)
            return result

        return call

    for method in ("create_service", "update_service"):
        respond = getattr(EC2ContainerServiceResponse, method)
        setattr(EC2ContainerServiceResponse, method, keeping(respond))


def keep_scaling_tags():
    """Adds tags to Application Auto Scaling, which moto does not support."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

    tags = {}
    register = ApplicationAutoScalingResponse.register_scalable_target

    def register_with_tags(self):
        result = register(self)
        tags[json.loads(result)["ScalableTargetARN"]] = self._get_param("Tags") or {}
        return result

    def tag_resource(self):
        tags.setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self):
        for key in self._get_param("TagKeys"):
            tags.get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"

    def list_tags_for_resource(self):
        return json.dumps({"Tags": tags.get(self._get_param("ResourceARN"), {})})

    ApplicationAutoScalingResponse.register_scalable_target = register_with_tags
    ApplicationAutoScalingResponse.tag_resource = tag_resource
    ApplicationAutoScalingResponse.untag_resource = untag_resource
    ApplicationAutoScalingResponse.list_tags_for_resource = list_tags_for_resource


def support_composite_alarms():
    """Adds PutCompositeAlarm. moto stores alarm rules but has no such call."""
    from moto.cloudwatch.responses import CloudWatchResponse

    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm


# Query definitions of CloudWatch Logs by id, which moto does not support.
SAVED_QUERIES = {}


def support_saved_queries():
    from moto.logs.responses import LogsResponse

    def put_query_definition(self):
        query_id = self._get_param("queryDefinitionId") or str(uuid.uuid4())
        SAVED_QUERIES[query_id] = {
            "queryDefinitionId": query_id,
            "name": self._get_param("name"),
            "queryString": self._get_param("queryString"),
            "logGroupNames": self._get_param("logGroupNames") or [],
        }
        return json.dumps({"queryDefinitionId": query_id})

    def describe_query_definitions(self):
        prefix = self._get_param("queryDefinitionNamePrefix") or ""
        queries = [query for query in SAVED_QUERIES.values() if query["name"].startswith(prefix)]
        return json.dumps({"queryDefinitions": queries})

    def delete_query_definition(self):
        deleted = SAVED_QUERIES.pop(self._get_param("queryDefinitionId"), None)
        return json.dumps({"success": deleted is not None})

    LogsResponse.put_query_definition = put_query_definition
    LogsResponse.describe_query_definitions = describe_query_definitions
    LogsResponse.delete_query_definition = delete_query_definition


def operation_name(environ):
    """Returns the operation name in the JSON, CBOR and query protocols; None for REST."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return target.rsplit(".", 1)[-1]
    cbor = re.search(r"/operation/(\w+)$", environ["PATH_INFO"])
    if cbor:
        return cbor[1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode()).get("Action", [None])[0]
    return None


def describe_call(environ):
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    return {
        "service": scope[1] if scope else None,
        "operation": operation_name(environ),
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "query": environ.get("QUERY_STRING", ""),
    }


def texts_in(value):
    """Yields the texts in the parameters of a call."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def caller_of(environ):
    """Returns the ARN of the caller: an assumed role, or the administrator with the emulator's own key."""
    key = re.search(r"Credential=([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    sts = get_backend("sts")[DEFAULT_ACCOUNT_ID]["aws"]
    role = sts.get_assumed_role_from_access_key(key[1]) if key else None
    return role.arn if role else f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:user/administrator"


class EventHistory:
    """Records the calls in the JSON protocol that change something, as CloudTrail does."""

    def __init__(self):
        self.events = []

    def record(self, environ, operation):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if not target or re.match(r"(Describe|Get|List|Lookup)[A-Z]", operation):
            return
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {
            "eventTime": now,
            "eventName": operation,
            "userIdentity": {"arn": caller_of(environ)},
        }
        parameters = json.loads(body or b"{}")
        self.events.append((set(texts_in(parameters)), event))

    def lookup(self, environ):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        [attribute] = json.loads(body)["LookupAttributes"]
        found = [
            {
                "EventId": str(uuid.uuid4()),
                "EventName": event["eventName"],
                "ReadOnly": "false",
                "CloudTrailEvent": json.dumps(event),
            }
            for texts, event in reversed(self.events)
            if attribute["AttributeKey"] == "ResourceName" and attribute["AttributeValue"] in texts
        ]
        return {"Events": found[:50]}


def models_in(value, seen):
    """Yields the models reachable from the attributes of a backend, without duplicates."""
    if id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, BaseModel):
        yield value
        if getattr(value, "state", None) == "deleted":
            return  # it can still refer to deleted resources that contained it
    if isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, (list, tuple, set)):
        inner = list(value)
    elif isinstance(value, BaseModel):
        inner = list(vars(value).values())
    else:
        return
    for item in inner:
        yield from models_in(item, seen)


# AWS managed policies, which moto loads on demand, and its counter of roles.
IGNORED_MODELS = ("AWSManagedPolicy", "AccountSummary")


def existing_models(region):
    """Returns id → (service, model) for the models of one region and the global ones."""
    models, seen = {}, {}
    for backends in {id(backends): backends for backends in BackendDict._instances}.values():
        for _, backend_region, backend in list(backends.iter_backends()):
            if backend_region not in (region, "aws"):
                continue  # moto creates backends of other regions on lookup, with default resources
            for attribute in list(vars(backend).values()):
                for model in models_in(attribute, seen):
                    if type(model).__name__ not in IGNORED_MODELS:
                        models[id(model)] = (backends.service_name, model)
    return models


def describe_model(service, model):
    """Returns service, class, state (if any) and name (if any), separated by spaces."""
    words = [service, type(model).__name__]
    for attributes in (("key_state", "status", "state"), ("arn", "name", "id")):
        values = (getattr(model, attribute, None) for attribute in attributes)
        words += [value for value in values if isinstance(value, str) and value][:1]
    return " ".join(words)


def stored_objects():
    for name, bucket in get_backend("s3")[DEFAULT_ACCOUNT_ID]["global"].buckets.items():
        for key, stored in bucket.keys.items():
            if not isinstance(stored, FakeKey):
                continue  # a delete marker
            yield {
                "bucket": name,
                "key": key,
                "encryption": stored.encryption,
                "kmsKeyId": stored.kms_key_id,
                "body": base64.b64encode(stored.value).decode(),
            }


def stored_secrets():
    for backend in get_backend("secretsmanager")[DEFAULT_ACCOUNT_ID].values():
        for secret in backend.secrets.values():
            for version in secret.versions.values():
                yield {"name": secret.name, "value": version.get("secret_string")}


def monitoring(region):
    alarms = get_backend("cloudwatch")[DEFAULT_ACCOUNT_ID][region].alarms.values()
    filters = get_backend("logs")[DEFAULT_ACCOUNT_ID][region].filters.metric_filters
    return {
        "alarms": [{"name": alarm.name, "actions": alarm.alarm_actions} for alarm in alarms],
        "filters": [
            {
                "name": metric_filter["filterName"],
                "pattern": metric_filter["filterPattern"],
                "logGroupName": metric_filter["logGroupName"],
            }
            for metric_filter in filters
        ],
    }


def create_zone(name):
    zones = get_backend("route53")[DEFAULT_ACCOUNT_ID]["global"]
    return zones.create_hosted_zone(name, private_zone=False).id.removeprefix("/hostedzone/")


def record_calls(app, region):
    initial_models = existing_models(region)
    calls, lock, history = [], threading.Lock(), EventHistory()

    def custom_response(path, environ):
        if path == "/calls":
            with lock:
                taken = calls[:]
                calls.clear()
            return taken
        if path == "/objects":
            return list(stored_objects())
        if path == "/secrets":
            return list(stored_secrets())
        if path == "/monitoring":
            return monitoring(region)
        if path == "/remaining":
            models = existing_models(region).items()
            remaining = {
                describe_model(*model) for key, model in models if key not in initial_models
            }
            queries = {f"logs SavedQuery {query['name']}" for query in SAVED_QUERIES.values()}
            return sorted(remaining | queries)
        if path == "/fork":
            return fork_server(environ, wsgi)
        if path.startswith("/zone/"):
            zone = create_zone(path.removeprefix("/zone/"))
            initial_models.update(existing_models(region))
            return zone
        return None

    def wsgi(environ, start_response):
        response = custom_response(environ["PATH_INFO"], environ)
        if response is not None:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(response).encode()]
        call = describe_call(environ)
        with lock:
            calls.append(call)
        if call["operation"] == "LookupEvents":
            start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
            return [json.dumps(history.lookup(environ)).encode()]
        history.record(environ, call["operation"] or "")
        return app(environ, start_response)

    return wsgi


class QuietRequestHandler(WSGIRequestHandler):
    def log_request(self, *_):
        pass


def serve(app, report_port):
    """Serves until standard input closes."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietRequestHandler)
    LISTENING[:] = [server.socket]
    report_port(server.port)
    # Not sys.stdin: its lock would stay locked in a fork.
    threading.Thread(target=lambda: (os.read(0, 1), server.shutdown()), daemon=True).start()
    server.serve_forever()


# The listening socket of this process.
LISTENING = []


def fork_server(environ, app):
    """Starts a copy of this process, with its resources as they are now. @returns the port of the copy

    Only the thread of this request goes on in the copy, so no other request may be in progress."""
    read_end, write_end = os.pipe()
    if os.fork() > 0:
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            return int(pipe.read())
    os.close(read_end)
    for inherited in (*LISTENING, environ["werkzeug.socket"]):
        os.close(inherited.detach())

    def report_port(port):
        os.write(write_end, str(port).encode())
        os.close(write_end)

    serve(app, report_port)
    os._exit(0)


def main(region, services):
    allow_plain_http()
    fix_delete_marker_deletion()
    delete_dependent_network_resources()
    keep_rule_descriptions()
    keep_rotation_periods()
    separate_replica_keys()
    find_trails_by_arn()
    keep_database_settings()
    support_backup_copies()
    keep_service_settings()
    keep_scaling_tags()
    support_composite_alarms()
    support_saved_queries()
    for service in services:
        backends = get_backend(service)[DEFAULT_ACCOUNT_ID]
        backends[region if region in backends.regions else "global"]
    app = record_calls(DomainDispatcherApplication(create_backend_app), region)
    serve(app, lambda port: print(port, flush=True))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
