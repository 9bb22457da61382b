"""Exceptions and status become cause and flags; expected values are those of the exporter's cause_test.go.

https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/main/exporter/awsxrayexporter/internal/translator/cause_test.go
"""

import pytest

from local.xray.otlp import stacktraces
from tests.unit.local.xray.otlp.spans import CLIENT, ERROR, OK, SERVER, UNSET, document

JAVA = """java.lang.IllegalStateException: state is not legal
\tat io.opentelemetry.sdk.RecordEventsReadableSpanTest.recordException(RecordEventsReadableSpanTest.java:626)
\tat java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method)
\tat java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke(NativeMethodAccessorImpl.java:62)
Caused by: java.lang.IllegalArgumentException: bad argument"""
JAVA_FRAMES = [
    (
        "RecordEventsReadableSpanTest.java",
        626,
        "io.opentelemetry.sdk.RecordEventsReadableSpanTest.recordException",
    ),
    ("Native Method", 0, "jdk.internal.reflect.NativeMethodAccessorImpl.invoke0"),
    ("NativeMethodAccessorImpl.java", 62, "jdk.internal.reflect.NativeMethodAccessorImpl.invoke"),
]
JAVA_CAUSE_FRAMES = """
\tat org.junit.ThrowableCollector.execute(ThrowableCollector.java:73)
\tat org.junit.NodeTestTask.executeRecursively(NodeTestTask.java)
\t... 99 more"""
JAVA_MALFORMED = """java.lang.IllegalStateException: state is not legal
\tat java.base/A.invoke(A.java:62)afaefaef
\tat java.base/A.invoke
\tat java.base/A.invoke(A.java:62
\tat java.base/java.util.ArrayList.forEach(ArrayList.java:)
\tSuppressed: Resource$CloseFailException: Resource ID = 2
\t\tat Resource.close(Resource.java:26)"""
PHP = """Exception: Thrown from class C
\tat C.exc(test.php:74)
\tat main(test.php:89)
Caused by: Exception: Thrown from class B
\tat B.exc(test.php:59)
\t... 3 more
Caused by: Exception: Thrown from class A
\tat A.exc(test.php:48)
\t... 4 more"""
PYTHON = """Traceback (most recent call last):
  File "main.py", line 14, in <module>
    greet_many(['Chad', 'Dan', 1])
  File "greetings.py", line 12, in greet_many
    print('hi, ' + person)
TypeError: must be str, not int"""
PYTHON_FRAMES = [("greetings.py", 12, "greet_many"), ("main.py", 14, "<module>")]
PYTHON_CAUSE = """Traceback (most recent call last):
  File "bar.py", line 10, in greet_many
    greet(person)
  File "foo.py", line 5, in greet
    print(greeting + ', ' + who_to_greet(someone)){marks}
{message}

{between}

"""
DURING = "During handling of the above exception, another exception occurred:"
DIRECT = "The above exception was the direct cause of the following exception:"
PYTHON_CAUSE_FRAMES = [("foo.py", 5, "greet"), ("bar.py", 10, "greet_many")]
PYTHON_MALFORMED = """Traceback (most recent call last):
  File "main.py", line 14 in <module>
    greet_many(['Chad', 'Dan', 1])
  File "main.py", lin 14, in <module>
    greet_many(['Chad', 'Dan', 1])
  File "main.py", line 14, fin <module>
    greet_many(['Chad', 'Dan', 1])
TypeError: must be str, not int"""
JAVASCRIPT = """TypeError: Cannot read property 'value' of null
    at speedy (/home/gbusey/file.js:6:11)
    at Object.<anonymous> (/home/gbusey/file.js:10:1)
    at node.js:906:3
    at Array.forEach (native)
    at native"""
JAVASCRIPT_MALFORMED = """TypeError: Cannot read property 'value' of null
    at speedy (/home/gbusey/file.js)
    at makeFaster (/home/gbusey/file.js:5:3)malformed123
    at Object.<anonymous> (/home/gbusey/file.js:10"""
DOTNET = """System.FormatException: Input string was not in a correct format.
\tat System.Int32.Parse(String s)
\tat MyNamespace.IntParser.Parse(String s) in C:\\apps\\MyNamespace\\IntParser.cs:line 11
\tat Microsoft.Invoke(HttpContext context malformed
\tat System.ConnectAsync(Boolean allowHttp2) non-malformed"""
GO = """goroutine 19 [running]:
go.opentelemetry.io/otel/sdk/trace.recordStackTrace(0x0, 0x0)
\totel-go-core/opentelemetry-go/sdk/trace/span.go:323 +0x9b
goroutine 26 [running]:
created by testing.(*T).Run
\t/usr/local/Cellar/go/1.16.3/libexec/src/testing/testing.go:1238 +0x63c"""


@pytest.mark.parametrize(
    ("language", "stacktrace", "expected"),
    [
        ("java", "", [("", "", [])]),
        ("", JAVA, [("", "", [])]),
        (
            "java",
            JAVA,
            [("", "", JAVA_FRAMES), ("java.lang.IllegalArgumentException", "bad argument", [])],
        ),
        (
            "java",
            JAVA.removesuffix(": bad argument"),
            [("", "", JAVA_FRAMES), ("java.lang.IllegalArgumentException", "", [])],
        ),
        (
            "java",
            JAVA + JAVA_CAUSE_FRAMES,
            [
                ("", "", JAVA_FRAMES),
                (
                    "java.lang.IllegalArgumentException",
                    "bad argument",
                    [
                        ("ThrowableCollector.java", 73, "org.junit.ThrowableCollector.execute"),
                        ("NodeTestTask.java", 0, "org.junit.NodeTestTask.executeRecursively"),
                    ],
                ),
            ],
        ),
        ("java", JAVA_MALFORMED, [("", "", [("ArrayList.java", 0, "java.util.ArrayList.forEach")])]),
        (
            "php",
            PHP,
            [
                ("", "", [("test.php", 74, "C.exc"), ("test.php", 89, "main")]),
                ("Exception", "Thrown from class B", [("test.php", 59, "B.exc")]),
                ("Exception", "Thrown from class A", [("test.php", 48, "A.exc")]),
            ],
        ),
        ("python", PYTHON, [("", "", PYTHON_FRAMES)]),
        (
            "python",
            PYTHON_CAUSE.format(message="ValueError: bad value", marks="", between=DURING) + PYTHON,
            [("", "", PYTHON_FRAMES), ("ValueError", "bad value", PYTHON_CAUSE_FRAMES)],
        ),
        (
            "python",
            PYTHON_CAUSE.format(message="ValueError: bad\nwith more", marks="", between=DURING) + PYTHON,
            [("", "", PYTHON_FRAMES), ("ValueError", "bad\nwith more", PYTHON_CAUSE_FRAMES)],
        ),
        ("python", PYTHON_CAUSE.format(message="ValueError", marks="", between=DURING) + PYTHON,
         [("", "", PYTHON_FRAMES)]),
        # not the exporter's: the marks of Python 3.11, and `raise … from …`
        (
            "python",
            PYTHON_CAUSE.format(message="ValueError: bad value", marks="\n    ~~~~~^^^^", between=DIRECT)
            + PYTHON,
            [("", "", PYTHON_FRAMES), ("ValueError", "bad value", PYTHON_CAUSE_FRAMES)],
        ),
        ("python", f"Traceback:\nValueError: bad value\n\n{DURING}\n\n{PYTHON}", [("", "", PYTHON_FRAMES)]),
        ("python", PYTHON_MALFORMED, [("", "", [("main.py", 14, ""), ("main.py", 0, "<module>")])]),
        (
            "nodejs",
            JAVASCRIPT,
            [
                (
                    "",
                    "",
                    [
                        ("/home/gbusey/file.js", 6, "speedy "),
                        ("/home/gbusey/file.js", 10, "Object.<anonymous> "),
                        ("node.js", 906, ""),
                        ("native", 0, "Array.forEach "),
                        ("native", 0, ""),
                    ],
                )
            ],
        ),
        ("javascript", JAVASCRIPT_MALFORMED, [("", "", [("/home/gbusey/file.js", 0, "speedy ")])]),
        (
            "dotnet",
            DOTNET,
            [
                (
                    "",
                    "",
                    [
                        ("", 0, "System.Int32.Parse(String s)"),
                        ("C:\\apps\\MyNamespace\\IntParser.cs", 11, "MyNamespace.IntParser.Parse(String s)"),
                        ("", 0, "System.ConnectAsync(Boolean allowHttp2)"),
                    ],
                )
            ],
        ),
        (
            "go",
            GO,
            [
                (
                    "",
                    "",
                    [
                        (
                            "otel-go-core/opentelemetry-go/sdk/trace/span.go",
                            323,
                            "go.opentelemetry.io/otel/sdk/trace.recordStackTrace(0x0, 0x0)",
                        ),
                        (
                            "/usr/local/Cellar/go/1.16.3/libexec/src/testing/testing.go",
                            1238,
                            "created by testing.(*T).Run",
                        ),
                    ],
                )
            ],
        ),
    ],
)  # fmt: skip
def test_a_stack_trace_becomes_frames_and_causes(language, stacktrace, expected):
    """TestParseException…."""
    parsed = stacktraces.parse(language, stacktrace)

    assert [
        (traced.type, traced.message, [(f["path"], f["line"], f["label"]) for f in traced.stack])
        for traced in parsed
    ] == expected


def exception(kind="com.foo.Exception", message="Error happened", stacktrace=JAVA):
    facts = {
        "exception.type": kind,
        "exception.message": message,
        "exception.stacktrace": stacktrace,
    }
    return "exception", facts


def test_exceptions_are_recorded_with_what_caused_them():
    """TestCauseWithExceptions."""
    events = [exception(), ("exception", {"exception.type": "EmptyError"})]
    made = document(CLIENT, {}, {"telemetry.sdk.language": "java"}, status=ERROR, events=events)
    first, cause, empty = made["cause"]["exceptions"]

    assert made["fault"] is True
    assert (first["type"], first["message"], len(first["stack"])) == (
        "com.foo.Exception",
        "Error happened",
        3,
    )
    assert first["cause"] == cause["id"]
    assert (cause["type"], cause["message"]) == ("java.lang.IllegalArgumentException", "bad argument")
    assert empty == {"id": empty["id"], "type": "EmptyError", "remote": True}
    assert len({first["id"], cause["id"], empty["id"]}) == 3


@pytest.mark.parametrize("status", [UNSET, OK])
def test_an_exception_alone_makes_no_fault(status):
    """TestCauseExceptionWithoutError."""
    made = document(SERVER, status=status, events=[exception()])

    assert (made["fault"], made["error"], made["throttle"]) == (False, False, False)
    assert made["cause"]["exceptions"][0]["remote"] is False


def test_an_attempt_of_an_aws_sdk_that_failed_is_an_exception():
    """TestMakeCauseAwsSdkSpan."""
    event = (
        "HTTP request failure",
        {
            "http.response.status_code": "503",
            "aws.http.error_message": "service is temporarily unavailable",
        },
    )
    made = document(CLIENT, {"rpc.system": "aws-api"}, status=ERROR, events=[event])
    (failure,) = made["cause"]["exceptions"]

    assert (failure["type"], failure["remote"]) == ("aws.http.error.event", True)
    assert failure["message"] == "503@0.000000@service is temporarily unavailable"


@pytest.mark.parametrize(
    ("attributes", "status", "flags", "has_cause"),
    [
        ({"http.status_code": 500}, ERROR, (True, False, False), True),
        ({"http.response.status_code": 500}, ERROR, (True, False, False), True),
        ({"http.status_code": 500}, UNSET, (True, False, False), False),
        ({"http.response.status_code": 500}, UNSET, (True, False, False), False),
        ({}, UNSET, (False, False, False), False),
        ({}, OK, (False, False, False), False),
        ({}, ERROR, (True, False, False), True),
        ({"http.status_code": 400}, UNSET, (False, True, False), False),
        ({"http.status_code": 429}, ERROR, (False, True, True), True),
        ({"http.response.status_code": 429}, ERROR, (False, True, True), True),
        ({"http.status_code": 200}, ERROR, (True, False, False), True),
    ],
)
def test_the_http_status_decides_and_else_the_spans(attributes, status, flags, has_cause):
    """TestCauseWith…, TestNonHttp…, each also as …Stable."""
    made = document(SERVER, attributes | {"http.status_text": "this is a test"}, status=status)

    assert (made["fault"], made["error"], made["throttle"]) == flags
    assert ("cause" in made) == has_cause
    if has_cause:
        assert made["cause"]["exceptions"][0]["message"] == "this is a test"


def test_the_status_message_is_the_cause_without_an_exception():
    """TestCauseWithStatusMessage."""
    made = document(SERVER, {"http.status_code": 500}, status=ERROR, message="this is a test")

    assert [fault["message"] for fault in made["cause"]["exceptions"]] == ["this is a test"]


def test_an_error_without_any_word_has_no_cause():
    assert "cause" not in document(SERVER, status=ERROR)


def test_a_request_that_is_sent_again_makes_the_same_ids():
    first, second = (document(SERVER, status=ERROR, events=[exception()])["cause"] for _ in range(2))

    assert first == second
