"""Spans become documents as the collector's exporter for X-Ray makes them.

Spans and expected values are those of the exporter's own tests, whose names stand at the rows:
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter/internal/translator
(segment_test.go, http_test.go, aws_test.go, sql_test.go, span_links_test.go)
"""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.unit.local.xray.otlp.spans import (
    CLIENT,
    CONSUMER,
    ERROR,
    INTERNAL,
    PARENT_ID,
    PRODUCER,
    RECEIVED,
    SERVER,
    SIGNUP,
    SPAN_ID,
    TRACE_ID,
    document,
    documents,
    pairs,
    span,
)

DYNAMODB = {
    "http.method": "POST",
    "http.scheme": "https",
    "http.host": "dynamodb.us-east-1.amazonaws.com",
    "http.target": "/",
    "aws.request_id": "18BO1FEPJSSAOGNJEDPTPCMIU7VV4KQNSO5AEMVJF66Q9ASUAAJG",
    "aws.table_name": "otel-dev-Testing",
}
RPC = {"rpc.service": "DynamoDB", "rpc.method": "GetItem", "rpc.system": "aws-api"}
LEGACY = {"aws.service": "DynamoDB", "rpc.method": "IncorrectAWSSDKOperation", "aws.operation": "GetItem"}
MYSQL = {
    "db.system": "mysql",
    "db.name": "customers",
    "db.statement": "call update_user_preference( ?, ?, ? )",
    "db.user": "userprefsvc",
    "db.connection_string": "mysql://db.dev.example.com:3306",
    "net.peer.name": "db.dev.example.com",
    "net.peer.port": "3306",
    "enterprise.app.id": "25F2E73B-4769-4C79-9DF3-7EBE85D571EA",
}
PEER = {
    "http.method": "GET",
    "http.scheme": "https",
    "net.peer.ip": "2607:f8b0:4000:80c::2004",
    "net.peer.port": "9443",
    "http.target": "/",
    "net.peer.name": "bar.com",
}
PAYMENT = {"http.method": "POST", "http.host": "payment.amazonaws.com", "rpc.service": "ABC"}


@pytest.mark.parametrize(
    ("kind", "attributes", "name"),
    [
        (CLIENT, DYNAMODB | RPC, "DynamoDB"),  # TestClientSpanWithRpcAwsSdkClientAttributes
        (CLIENT, DYNAMODB | LEGACY, "DynamoDB"),  # TestClientSpanWithLegacyAwsSdkClientAttributes
        (CLIENT, DYNAMODB | LEGACY | {"peer.service": "cats-table"}, "cats-table"),
        (CLIENT, MYSQL, "customers@db.dev.example.com"),  # TestClientSpanWithDbComponent
        (
            CLIENT,
            MYSQL | {"db.connection_string": "jdbc:mysql://db.dev.example.com:3306"},
            "customers@db.dev.example.com",
        ),
        (CLIENT, PEER | {"http.host": "foo.com"}, "foo.com"),  # TestClientSpanWithHttpHost
        (CLIENT, PEER, "bar.com"),  # TestClientSpanWithoutHttpHost
        (CLIENT, PEER | {"rpc.service": "com.foo.AnimalService"}, "com.foo.AnimalService"),
        (CLIENT, PAYMENT | {"aws.remote.service": "PaymentService"}, "PaymentService"),
        (PRODUCER, PAYMENT | {"aws.remote.service": "ProducerService"}, "ProducerService"),
        (CONSUMER, PAYMENT | {"aws.remote.service": "ConsumerService"}, "ConsumerService"),
        (CLIENT, {"rpc.system": "aws-api", "aws.remote.service": "AWS.SDK.DynamoDb"}, "DynamoDb"),
        (CLIENT, {"rpc.system": "aws-api", "aws.remote.service": "AWS::DynamoDB"}, "DynamoDB"),
        (SERVER, PAYMENT | {"aws.local.service": "PaymentLocalService"}, "PaymentLocalService"),
        (SERVER, {}, "signup_aggregator"),  # TestServerSpanWithNilAttributes
        (INTERNAL, {}, "/test"),
        # not the exporter's: a client of the new conventions has no other word for the host
        (CLIENT, {"http.request.method": "GET", "server.address": "shop.example"}, "shop.example"),
    ],
)
def test_the_name_is_what_is_called_or_what_serves(kind, attributes, name):
    assert document(kind, attributes, SIGNUP)["name"] == name


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        ("EP @ test_15.testing-d\u00f6main.org#GO", "EP @ test_15.testing-d\u00f6main.org#GO"),
        ("<subDomain>.example.com", "subDomain.example.com"),
        ("<>", "span"),
        ("", "span"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_name_loses_what_x_ray_does_not_have(name, fixed):
    """TestFixSegmentName."""
    assert document(INTERNAL, name=name)["name"] == fixed


@pytest.mark.parametrize(
    ("kind", "attributes", "namespace"),
    [
        (CLIENT, DYNAMODB | RPC, "aws"),
        (CLIENT, DYNAMODB | LEGACY, "aws"),
        (CLIENT, MYSQL, "remote"),
        (SERVER, {}, None),
        (INTERNAL, {}, None),
        (PRODUCER, {}, None),
        (PRODUCER, {"aws.remote.service": "queue"}, "remote"),  # TestNotLocalRootProducer
        (CONSUMER, {"aws.remote.service": "queue"}, "remote"),  # TestNotLocalRootConsumer
    ],
)
def test_a_call_has_a_namespace(kind, attributes, namespace):
    assert document(kind, attributes).get("namespace") == namespace


@pytest.mark.parametrize(
    ("kind", "parent", "type_"),
    [
        (SERVER, PARENT_ID, None),
        (SERVER, b"", None),  # TestServerSpanNoParentId
        (PRODUCER, b"", None),  # TestSpanNoParentId
        (INTERNAL, b"", None),
        (INTERNAL, PARENT_ID, "subsegment"),
        (CLIENT, PARENT_ID, "subsegment"),
    ],
)
def test_a_server_and_a_root_are_segments_and_all_others_subsegments(kind, parent, type_):
    made = document(kind, parent=parent)

    assert made.get("type") == type_
    assert made.get("parent_id") == (parent.hex() or None)


def test_ids_and_times_are_the_spans():
    made = span()
    (segment,) = documents(made)

    assert segment["trace_id"] == "1-00010203-0405060708090a0b0c0d0e0f"
    assert segment["id"] == SPAN_ID.hex()
    assert segment["end_time"] - segment["start_time"] == pytest.approx(0.215)
    assert segment["start_time"] == pytest.approx(made.start_time_unix_nano / 1e9, abs=1e-6)


JUNIT = "https://api.example.com/users/junit"


@pytest.mark.parametrize(
    ("kind", "attributes", "url"),
    [
        (CLIENT, {"http.method": "GET", "http.url": JUNIT}, JUNIT),
        (CLIENT, {"http.request.method": "GET", "url.full": JUNIT}, JUNIT),
        (
            CLIENT,
            {"http.scheme": "https", "http.host": "api.example.com", "http.target": "/users/junit"},
            JUNIT,
        ),
        (
            CLIENT,
            {
                "url.scheme": "https",
                "http.host": "api.example.com",
                "url.path": "/users/junit",
                "url.query": "v=1",
            },
            f"{JUNIT}?v=1",
        ),
        (
            CLIENT,
            {
                "http.scheme": "http",
                "net.peer.name": "kb234.example.com",
                "net.peer.port": 8080,
                "net.peer.ip": "10.8.17.36",
                "http.target": "/users/junit",
            },
            "http://kb234.example.com:8080/users/junit",
        ),
        (
            CLIENT,
            {
                "url.scheme": "http",
                "net.peer.name": "kb234.example.com",
                "net.peer.port": 8080,
                "url.query": "users=junit",
            },
            "http://kb234.example.com:8080/?users=junit",
        ),
        (
            CLIENT,
            {
                "http.scheme": "http",
                "net.peer.ip": "10.8.17.36",
                "net.peer.port": "8080",
                "http.target": "/users/junit",
            },
            "http://10.8.17.36:8080/users/junit",
        ),
        (
            CLIENT,
            {
                "http.scheme": "https",
                "net.peer.ip": "2001:db8:85a3::8a2e:370:7334",
                "net.peer.port": "443",
                "http.target": "/users/junit",
            },
            "https://2001:db8:85a3::8a2e:370:7334/users/junit",
        ),
        (SERVER, {"http.method": "GET", "http.url": JUNIT, "http.client_ip": "192.168.15.32"}, JUNIT),
        (SERVER, {"http.request.method": "GET", "url.full": JUNIT, "client.address": "192.168.15.32"}, JUNIT),
        (
            SERVER,
            {"http.scheme": "https", "http.host": "api.example.com", "http.target": "/users/junit"},
            JUNIT,
        ),
        (
            SERVER,
            {"url.scheme": "https", "server.address": "api.example.com", "url.path": "/users/junit"},
            JUNIT,
        ),
        (
            SERVER,
            {
                "server.address": "localhost",
                "url.scheme": "http",
                "url.query": "?version=test",
                "url.path": "/api",
            },
            "http://localhost/api?version=test",
        ),
        (
            SERVER,
            {
                "http.scheme": "https",
                "http.server_name": "api.example.com",
                "net.host.port": 443,
                "http.target": "/users/junit",
            },
            JUNIT,
        ),
        (
            SERVER,
            {
                "url.scheme": "https",
                "server.address": "api.example.com",
                "server.port": 443,
                "url.query": "users=junit",
            },
            "https://api.example.com/?users=junit",
        ),
        (
            SERVER,
            {
                "http.scheme": "http",
                "host.name": "kb234.example.com",
                "net.host.port": 8080,
                "http.target": "/users/junit",
            },
            "http://kb234.example.com:8080/users/junit",
        ),
        (
            SERVER,
            {
                "url.scheme": "http",
                "server.address": "kb234.example.com",
                "server.port": 8080,
                "url.path": "/users/junit",
            },
            "http://kb234.example.com:8080/users/junit",
        ),
    ],
)
def test_the_url_is_put_together_from_old_and_new_conventions(kind, attributes, url):
    """http_test.go: TestClientSpanWith…, TestServerSpanWith…, each also as …Stable."""
    assert document(kind, attributes)["http"]["request"]["url"] == url


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "http.method": "GET",
            "http.scheme": "http",
            "http.client_ip": "192.168.15.32",
            "http.user_agent": "PostmanRuntime/7.21.0",
            "http.target": "/users/junit",
            "net.host.port": 443,
            "net.peer.port": 8080,
            "http.status_code": 200,
        },
        {
            "http.request.method": "GET",
            "url.scheme": "http",
            "client.address": "192.168.15.32",
            "user_agent.original": "PostmanRuntime/7.21.0",
            "url.path": "/users/junit",
            "server.port": 443,
            "http.response.status_code": 200,
        },
    ],
)
def test_without_a_host_there_is_no_url_and_the_rest_is_kept(attributes):
    """TestSpanWithNotEnoughHTTPRequestURLAttributes and …Stable."""
    http = document(SERVER, attributes, events=[RECEIVED])["http"]

    assert http == {
        "request": {
            "method": "GET",
            "user_agent": "PostmanRuntime/7.21.0",
            "client_ip": "192.168.15.32",
            "x_forwarded_for": True,
        },
        "response": {"status": 200, "content_length": 12452},
    }


@pytest.mark.parametrize(
    ("addresses", "client_ip", "forwarded"),
    [
        ({"http.client_ip": "1.2.3.4", "net.peer.ip": "10.8.17.36"}, "1.2.3.4", None),
        ({"client.address": "1.2.3.4", "network.peer.address": "10.8.17.36"}, "1.2.3.4", None),
        ({"client.address": "192.168.15.32"}, "192.168.15.32", True),
        ({"client.address": "192.168.15.32", "network.peer.address": "192.168.15.32"}, "192.168.15.32", None),
        ({"client.address": "api.example.com", "network.peer.address": "api.example.com"}, None, None),
        ({"net.peer.ip": "10.8.17.36"}, "10.8.17.36", None),
    ],
)
def test_the_client_is_an_address_that_a_header_or_the_connection_tells(addresses, client_ip, forwarded):
    """TestSpanWithClientAddr… and TestClientSpanWithHttpPeerAttributes."""
    request = document(SERVER, {"url.full": JUNIT} | addresses)["http"]["request"]

    assert (request.get("client_ip"), request.get("x_forwarded_for")) == (client_ip, forwarded)


def test_a_span_without_http_has_none():
    assert "http" not in document(CLIENT, MYSQL)


@pytest.mark.parametrize(
    ("resource", "origin"),
    [
        ({"cloud.provider": "gcp", "host.id": "instance-123"}, None),  # TestOriginNotAws
        ({"cloud.provider": "aws", "cloud.platform": "aws_ec2"}, "AWS::EC2::Instance"),
        ({"cloud.provider": "aws", "cloud.platform": "aws_ecs"}, "AWS::ECS::Container"),
        ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "ec2"}, "AWS::ECS::EC2"),
        ({"cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate"}, "AWS::ECS::Fargate"),
        ({"cloud.platform": "aws_elastic_beanstalk"}, "AWS::ElasticBeanstalk::Environment"),
        ({"cloud.platform": "aws_eks"}, "AWS::EKS::Container"),
        ({"cloud.platform": "aws_app_runner"}, "AWS::AppRunner::Service"),
        ({"cloud.provider": "aws"}, None),  # TestOriginBlank
        ({"cloud.platform": "aws_ec2", "k8s.cluster.name": "cluster-123"}, "AWS::EC2::Instance"),
        ({"cloud.platform": "gcp_compute_engine"}, None),
        ({}, None),
    ],
)
def test_the_origin_is_the_platform(resource, origin):
    assert document(SERVER, {}, resource).get("origin") == origin


@pytest.mark.parametrize(
    ("resource", "field", "expected"),
    [
        (
            {
                "cloud.platform": "aws_ec2",
                "cloud.availability_zone": "us-east-1c",
                "host.id": "i-00f7c0bcb26da2a99",
                "host.type": "m5.xlarge",
                "host.image.id": "ami-0123456789",
            },
            "ec2",
            {
                "instance_id": "i-00f7c0bcb26da2a99",
                "availability_zone": "us-east-1c",
                "instance_size": "m5.xlarge",
                "ami_id": "ami-0123456789",
            },
        ),
        (
            {
                "cloud.platform": "aws_ecs",
                "container.name": "signup_aggregator-x82ufje83",
                "container.id": "0123456789A",
                "aws.ecs.task.arn": "arn:aws:ecs:us-west-2:123456789123:task/123",
                "aws.ecs.task.family": "family",
                "aws.ecs.launchtype": "fargate",
            },
            "ecs",
            {
                "container": "signup_aggregator-x82ufje83",
                "container_id": "0123456789A",
                "task_arn": "arn:aws:ecs:us-west-2:123456789123:task/123",
                "task_family": "family",
                "launch_type": "fargate",
            },
        ),
        (
            {
                "cloud.platform": "aws_elastic_beanstalk",
                "service.namespace": "production",
                "service.instance.id": "232",
                "service.version": "4",
            },
            "elastic_beanstalk",
            {"environment_name": "production", "version_label": "4", "deployment_id": 232},
        ),
        (
            {
                "cloud.platform": "aws_eks",
                "k8s.cluster.name": "production",
                "k8s.pod.name": "my-deployment-65dcf7d447-ddjnl",
                "container.id": "0123456789A",
            },
            "eks",
            {
                "cluster_name": "production",
                "pod": "my-deployment-65dcf7d447-ddjnl",
                "container_id": "0123456789A",
            },
        ),
        (
            {
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.language": "java",
                "telemetry.sdk.version": "1.2.3",
                "telemetry.distro.version": "3.4.5",
            },
            "xray",
            {"sdk": "opentelemetry for java", "sdk_version": "1.2.3", "auto_instrumentation": True},
        ),
        (
            {"aws.log.group.names": ["group1", "group2"]},
            "cloudwatch_logs",
            [{"log_group": "group1"}, {"log_group": "group2"}],
        ),
        (
            {"aws.log.group.names": "group1&group2"},
            "cloudwatch_logs",
            [{"log_group": "group1"}, {"log_group": "group2"}],
        ),
        (
            {"aws.log.group.arns": ["arn:aws:logs:us-east-1:123456789123:log-group:group1"]},
            "cloudwatch_logs",
            [{"arn": "arn:aws:logs:us-east-1:123456789123:log-group:group1", "log_group": "group1"}],
        ),
        ({"cloud.account.id": "123456789"}, "account_id", "123456789"),
    ],
)
def test_aws_tells_where_it_ran(resource, field, expected):
    """aws_test.go: TestAwsFrom…Resource, TestJavaAutoInstrumentationStable, TestLogGroup…."""
    assert document(SERVER, {}, resource)["aws"][field] == expected


QUEUE = "https://sqs.use1.amazonaws.com/Meltdown-Alerts"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"rpc.method": "ListBuckets"}, {"operation": "ListBuckets"}),
        (
            {"aws.operation": "SendMessage", "aws.region": "us-east-2", "aws.queue_url": QUEUE},
            {"operation": "SendMessage", "region": "us-east-2", "queue_url": QUEUE},
        ),
        ({"aws.queue.url": QUEUE}, {"queue_url": QUEUE}),
        ({"messaging.url": QUEUE}, {"queue_url": QUEUE}),
        (
            {"rpc.method": "IncorrectAWSSDKOperation", "aws.operation": "PutItem"},
            {"operation": "PutItem"},
        ),
        ({"aws.table_name": "WIDGET_TYPES"}, {"table_name": "WIDGET_TYPES"}),
        ({"aws.table.name": "MyTable"}, {"table_name": "MyTable"}),
        ({"aws.dynamodb.table_names": ["MyTable"]}, {"table_name": "MyTable"}),
        ({"aws.dynamodb.table_names": "MyTable"}, {"table_name": "MyTable"}),
        ({"aws.dynamodb.table_names": ["table1", "table2"]}, {"table_names": ["table1", "table2"]}),
        ({"aws.requestId": "12345-request"}, {"request_id": "12345-request"}),
        ({"aws.account_id": "987654321"}, {"account_id": "987654321"}),
    ],
)
def test_aws_tells_what_was_called(attributes, expected):
    aws = document(CLIENT, attributes)["aws"]

    assert {name: content for name, content in aws.items() if name != "xray"} == expected


def test_another_clouds_resource_has_no_aws():
    assert "aws" not in document(CLIENT, DYNAMODB | RPC, {"cloud.provider": "gcp"})


def test_an_sql_call_has_its_query():
    """TestClientSpanWithStatementAttribute, TestClientSpanWithDbComponent."""
    made = document(CLIENT, MYSQL, SIGNUP, name="users.findUnique")

    assert made["sql"] == {
        "url": "users.findUnique",
        "connection_string": "mysql://db.dev.example.com:3306/customers",
        "database_type": "mysql",
        "user": "userprefsvc",
        "sanitized_query": "call update_user_preference( ?, ?, ? )",
    }
    assert made["metadata"] == {"default": {"enterprise.app.id": MYSQL["enterprise.app.id"]}}
    assert made["service"] == {"version": "semver:1.1.4"}


def test_a_database_that_has_no_sql_has_none():
    """TestClientSpanWithNonSQLDatabase."""
    made = document(CLIENT, MYSQL | {"db.system": "redis"})

    assert "sql" not in made
    assert made["metadata"]["default"]["db.statement"] == MYSQL["db.statement"]


def test_without_a_connection_string_the_database_is_local():
    """TestClientSpanWithoutDBurlAttribute."""
    sql = document(CLIENT, MYSQL | {"db.connection_string": ""})["sql"]

    assert sql["connection_string"] == "localhost/customers"


def test_attributes_become_metadata_with_those_of_the_resource():
    """TestSpanWithAttributesDefaultNotIndexed, TestFilteredAttributesMetadata."""
    attributes = {"attr1@1": "val1", "null_value": None, "map_value": {"value1": -987.65, "value2": True}}
    made = document(SERVER, attributes, SIGNUP)
    metadata = made["metadata"]["default"]

    assert "annotations" not in made
    assert metadata["attr1@1"] == "val1"
    assert metadata["map_value"] == {"value1": -987.65, "value2": True}
    assert "null_value" not in metadata
    for key, expected in SIGNUP.items():
        assert metadata[f"otel.resource.{key}"] == expected


def test_a_subsegment_does_not_repeat_the_resource():
    """TestSpanWithResourceNotStoredIfSubsegment, TestResourceAttributesNotIndexedIfSubsegment."""
    attributes = {"attr1@1": "val1", "aws.xray.annotations": ["otel.resource.string.key"]}
    made = document(CLIENT, attributes, SIGNUP)

    assert made["metadata"] == {"default": {"attr1@1": "val1"}}
    assert "annotations" not in made


def test_the_attributes_that_are_named_become_annotations():
    """TestSpanWithAnnotationsAttribute, TestResourceAttributesCanBeIndexed, TestFixAnnotationKey."""
    names = ["attr2@2", "not_exist", "otel.resource.int.key", "otel.resource.map.key", 7]
    attributes = {"attr1@1": "val1", "attr2@2": "val2", "aws.xray.annotations": names}
    made = document(SERVER, attributes, SIGNUP)

    assert made["annotations"] == {"attr2_2": "val2", "otel.resource.int.key": 10}
    assert made["metadata"]["default"]["attr1@1"] == "val1"
    assert made["metadata"]["default"]["otel.resource.map.key"] == {"key1": 1, "key2": "value"}
    assert "aws.xray.annotations" not in made["metadata"]["default"]


def test_metadata_of_x_rays_own_form_keep_their_namespaces():
    """TestSpanWithAttributesSegmentMetadata."""
    attributes = {
        "attr1@1": "val1",
        "aws.xray.metadata.default": '{"custom_key": "custom_value"}',
        "aws.xray.metadata.http": '{"connection":{"reused":false,"was_idle":false}}',
        "aws.xray.metadata.non-xray-sdk": "retain-value",
    }

    assert document(SERVER, attributes)["metadata"] == {
        "default": {
            "attr1@1": "val1",
            "custom_key": "custom_value",
            "aws.xray.metadata.non-xray-sdk": "retain-value",
        },
        "http": {"connection": {"reused": False, "was_idle": False}},
    }


def test_the_end_user_is_the_user():
    made = document(SERVER, {"enduser.id": "go.tester@example.com"})

    assert made["user"] == "go.tester@example.com"
    assert "metadata" not in made


def test_links_are_kept():
    """TestTwoSpanLinks."""
    links = [
        Span.Link(trace_id=TRACE_ID, span_id=SPAN_ID, attributes=pairs({"myKey1": "ABC"})),
        Span.Link(trace_id=TRACE_ID[::-1], span_id=PARENT_ID),
    ]

    assert document(SERVER, links=links)["links"] == [
        {
            "trace_id": "1-00010203-0405060708090a0b0c0d0e0f",
            "id": SPAN_ID.hex(),
            "attributes": {"myKey1": "ABC"},
        },
        {"trace_id": "1-0f0e0d0c-0b0a09080706050403020100", "id": PARENT_ID.hex()},
    ]


# getBasicAttributes, getBasicResource
BASIC = {
    "http.method": "POST",
    "messaging.operation": "receive",
    "otel.resource.attributes": "service.name=myTest",
    "aws.span.kind": "LOCAL_ROOT",
    "aws.remote.service": "myRemoteService",
    "aws.remote.operation": "myRemoteOperation",
    "remoteTarget": "myTarget",
    "K8s.RemoteNamespace": "k8sRemoteNamespace",
    "aws.local.service": "myLocalService",
    "aws.local.operation": "awsLocalOperation",
    "myAnnotationKey": "myAnnotationValue",
    "aws.operation": "UpdateItem",
    "aws.account_id": "AWSAccountAttribute",
    "aws.region": "AWSRegionAttribute",
    "aws.request_id": "AWSRequestIDAttribute",
    "aws.queue_url": "AWSQueueURLAttribute",
    "aws.table_name": "TableName",
    "aws.xray.annotations": ["aws.remote.service", "myAnnotationKey"],
}
BASIC_RESOURCE = SIGNUP | {
    "telemetry.sdk.name": "MySDK",
    "telemetry.sdk.version": "1.20.0",
    "telemetry.auto.version": "1.2.3",
}
SDK = {"sdk": "MySDK", "sdk_version": "1.20.0", "auto_instrumentation": True}
LINK = [Span.Link(trace_id=TRACE_ID, span_id=SPAN_ID)]


@pytest.mark.parametrize("kind", [CLIENT, PRODUCER, CONSUMER])
def test_a_local_root_that_is_a_call_becomes_a_service_and_its_call(kind):
    """TestLocalRootConsumer, TestLocalRootClient, TestLocalRootProducer."""
    call, service = documents(span(kind, BASIC, links=LINK), BASIC_RESOURCE)

    assert (call["type"], call["name"], call["id"]) == ("subsegment", "myRemoteService", SPAN_ID.hex())
    assert (call["namespace"], call["parent_id"]) == ("remote", service["id"])
    assert call["http"]["request"] == {"method": "POST"}
    assert call["annotations"] == {
        "aws.remote.service": "myRemoteService",
        "myAnnotationKey": "myAnnotationValue",
    }
    assert call["metadata"]["default"].keys() == {
        *("messaging.operation", "aws.span.kind", "aws.remote.operation", "remoteTarget"),
        *("K8s.RemoteNamespace", "aws.local.service", "aws.local.operation", "otel.resource.attributes"),
    }
    assert {name: call["aws"][name] for name in ("operation", "account_id", "region")} == {
        "operation": "UpdateItem",
        "account_id": "AWSAccountAttribute",
        "region": "AWSRegionAttribute",
    }
    assert call["aws"]["xray"] == service["aws"]["xray"] == SDK

    assert service["name"] == "myLocalService"
    assert not service.keys() & {"type", "namespace", "http"}
    assert service["parent_id"] == PARENT_ID.hex()
    assert service["annotations"] == {"myAnnotationKey": "myAnnotationValue"}
    assert service["metadata"] == {"default": {"otel.resource.attributes": "service.name=myTest"}}
    assert service["aws"].keys() == {"eks", "xray"}
    linked = service if kind == CONSUMER else call
    assert [made for made in (call, service) if "links" in made] == [linked]
    assert (call["start_time"], call["end_time"]) == (service["start_time"], service["end_time"])


def test_a_local_root_that_is_a_call_makes_the_same_documents_again():
    made = span(CLIENT, BASIC)

    assert documents(made) == documents(made)


def test_a_local_root_that_calls_aws_keeps_its_namespace():
    """TestLocalRootConsumerAWSNamespace, TestLocalRootClientAwsServiceMetrics."""
    attributes = BASIC | {"rpc.system": "aws-api", "aws.remote.service": "AWS.SDK.SQS"}
    call, _ = documents(span(CLIENT, attributes))

    assert (call["name"], call["namespace"]) == ("SQS", "aws")


@pytest.mark.parametrize(("kind", "size"), [(SERVER, 30), (INTERNAL, 8)])
def test_a_local_root_that_serves_is_one_segment(kind, size):
    """TestLocalRootServer, TestLocalRootInternal."""
    made = document(kind, BASIC, BASIC_RESOURCE, links=LINK)

    assert (made["name"], made["parent_id"]) == ("myLocalService", PARENT_ID.hex())
    assert not made.keys() & {"type", "namespace"}
    assert len(made["metadata"]["default"]) == size
    assert made["aws"]["operation"] == "UpdateItem"
    assert made["annotations"]["aws.remote.service"] == "myRemoteService"


def test_a_failed_server_is_a_fault():
    """TestServerSpanWithInternalServerError."""
    attributes = {"http.method": "POST", "http.status_code": 500, "http.status_text": "broken"}
    made = document(SERVER, attributes, SIGNUP, status=ERROR)

    assert (made["fault"], made["error"], made["throttle"]) == (True, False, False)
    assert made["cause"]["exceptions"][0]["message"] == "broken"
