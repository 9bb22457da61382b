"""make rehearse with Docker: a commit to all traffic, bad releases stopped, a killed runner, nothing left."""

import json
import re
import socket
import time

import botocore.exceptions
import docker
import pytest
import requests

from dora.times import DAY_S, utc
from local.diagnosis.evidence import collect
from local.diagnosis.fingerprints import diagnose
from local.faults.bearers import Bearers
from tests.containers import accesses
from tests.containers.rehearsed import Rehearsal, Shoppers, gave_up, took
from tests.containers.trainee import Trainee
from tests.signatures import authorization
from tests.stacks import new_stack_name
from tests.unit.dora import outputs
from tests.waiting import wait_until

pytestmark = [pytest.mark.requires("docker"), pytest.mark.timeout(400)]
CANARY_PERCENT = 10
MOST_GIVE_UP = 0.005  # none on an idle machine: other tests, builds and the shop share two cores here
RATE = 8  # requests a second: with more the shop takes the processor that its own builds wait for
SEED_OF_SLOW = 4  # the lab about a bad release picks the slow one by it
LONGEST_S = 250  # it takes 75 s on two quiet cores; other tests run beside it
SHOP = ("catalog", "orders", "storefront")


@pytest.fixture(scope="module", name="rehearsal")
def _rehearsal(tmp_path_factory):
    checkout = Rehearsal(tmp_path_factory.mktemp("checkout"), new_stack_name("rehearsal"))
    checkout.env["FAULTS"] = "on"  # for the sick task; nothing else switches one on
    try:
        yield checkout
    finally:
        checkout.run("down")
        checkout.remove()


@pytest.fixture(scope="module", name="running")
def _running(rehearsal):
    """The checkout and the output of its first rehearsal, of the release that fails its smoke test."""
    printed = rehearsal.rehearse(3, RELEASE="smoke-fails", RATE="0")
    return rehearsal, printed


@pytest.fixture(scope="module", name="trainees")
def _trainees(running):
    """Who does which lab: they are open at once, so that a rehearsal serves them all."""
    return {lab: Trainee(running[0], f"trainee-{lab}") for lab in ("09", "10", "12")}


def newest(checkout, service):
    """The newest deployment of a service that is no rollback."""
    deployments = checkout.snapshot()["deployments"]
    return [each for each in deployments if each["group"] == service and not each["rolls_back"]][-1]


def test_a_release_that_fails_its_smoke_test_never_sees_production(running):
    checkout, printed = running
    deployment = newest(checkout, "catalog")

    assert "HOOK_EXECUTION_FAILURE" in printed
    assert "rolled back in AfterAllowTestTraffic, production never saw it" in printed
    assert deployment["weights"] == []
    info = checkout.status(deployment["id"])
    assert (info["status"], info["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    assert checkout.status(info["rollbackInfo"]["rollbackDeploymentId"])["creator"] == "codeDeployRollback"
    assert requests.get(f"{checkout.shop}/api/products", timeout=5).ok


def test_a_slow_release_is_stopped_by_the_alarm_and_harms_the_canarys_share_at_most(running, trainees):
    checkout, _ = running
    facts = trainees["10"].begin("10", SEED_OF_SLOW)
    assert nothing_is_done(trainees["10"].check(1))

    with Shoppers(checkout, rate=20) as shoppers:
        printed = checkout.rehearse(3, COMMIT=facts["branch"], RATE="0")
        sent, failed, table = shoppers.stop()

    deployment = newest(checkout, "catalog")
    began = next(event["started"] for event in deployment["events"] if event["name"] == "AllowTraffic")
    assert deployment["error_code"] == "ALARM_ACTIVE", printed
    assert deployment["weights"][-1][1] == 0
    assert deployment["ended"] - began <= 30  # a few seconds on an idle machine
    assert failed <= sent * CANARY_PERCENT / 100, table
    assert "lantern-catalog-" in deployment["error_message"]
    assert checkout.service("catalog")["production"][deployment["blue_targets"]] == 100
    assert trainees["10"].check(1)["stopped"][0] == "done"


def test_a_commit_takes_over_all_three_services_and_no_request_is_lost(running, trainees):
    checkout, _ = running
    trainee = trainees["10"]
    for lab in ("09", "12"):  # the history so far counts for nothing in what they have to do
        trainees[lab].begin(lab, 1)
        assert nothing_is_done(trainees[lab].check(1)), lab
    before = {name: checkout.service(name)["production"] for name in SHOP}

    with Shoppers(checkout, rate=RATE) as shoppers:
        printed = trainee.solve(RATE="0")  # of the lab that is open: it mends the slow release
        sent, failed, table = shoppers.stop()

    commit = checkout.git("-C", str(trainee.tree()), "rev-parse", "HEAD")
    assert failed == gave_up(table), table + printed
    assert gave_up(table) <= sent * MOST_GIVE_UP, table
    assert sent > RATE * took(printed) * 0.9
    assert took(printed) <= LONGEST_S, "canary and bake take seconds, not minutes"
    assert checkout.version() == commit[:7]
    for name in SHOP:
        service = checkout.service(name)
        assert {task_set["version"] for task_set in service["task sets"]} == {commit[:7]}
        assert service["production"] != before[name], "the other target group has the traffic"
        assert sum(task_set["healthy"] for task_set in service["task sets"]) == 2


@pytest.mark.parametrize("lab", ["10", "12", "09"])
def test_what_takes_over_counts_in_each_lab_that_was_open_and_they_put_everything_back(trainees, lab):
    trainee, deed = trainees[lab], {"09": "released", "10": "fixed", "12": "improved"}[lab]
    code = 0 if lab == "10" else 1  # it was solved when it brought the commit
    assert trainee.check(code)[deed][0] == "done"
    assert trainee.type_what_the_page_shows(code)

    trainee.solve()

    assert {state for state, _ in trainee.check(0).values()} == {"done"}
    trainee.reset()
    own = (f"lantern-lab-{lab}-", f"{lab}-")
    assert [name for name in trainee.left() if name.startswith(own)] == []
    assert lab != "09" or trainee.left() == [], "the last leaves nothing of any"


def nothing_is_done(steps):
    """No step is done, and each expects something of its own."""
    states, deeds = zip(*steps.values(), strict=True)
    questions = [text for text in deeds if text == "an answer"]
    return "done" not in states and len(set(deeds)) == len(deeds) - max(len(questions) - 1, 0)


def test_a_sick_task_fails_its_half_of_the_requests_and_is_found_by_its_id(running):
    checkout, _ = running
    began = time.time()
    bearers = Bearers({}, tasks=f"{checkout.pipeline}/_lantern/faults")
    bearers.switch_on(bearers.choose("sick-task", ""), {"name": "sick-task"}, 60)

    def found():
        for _ in range(6):
            requests.get(f"{checkout.shop}/api/products", timeout=5)
        clients = checkout.client("xray", "xray"), checkout.client("logs", "aws")
        return diagnose(collect(*clients, began, time.time()))

    findings = wait_until(found, 30, "its mark is there")
    bearers.switch_off()

    assert list(findings) == ["sick-task"]
    (task,) = re.findall(r"to task (\w{32}) of catalog", findings["sick-task"].text)
    assert task in {each.labels.get("lantern.rehearsal.task") for each in tasks_of(checkout, "catalog")}
    assert all(requests.get(f"{checkout.shop}/api/products", timeout=5).ok for _ in range(6))


def tasks_of(checkout, service):
    labels = [f"lantern.rehearsal={checkout.project}", f"lantern.rehearsal.service={service}"]
    return docker.from_env().containers.list(filters={"label": labels})


def test_every_line_says_what_did_it_and_every_scaled_time_says_so(running):
    _, printed = running
    timed = [line for line in printed.splitlines() if re.match(r" *\d+\.\d s ", line)]

    assert all(re.match(r" *\d+\.\d s (real|stand-in) ", line) for line in timed)
    assert "Install begins (CodeDeploy waits up to 60 min in 60 s for healthy tasks)" in printed


def test_a_runner_that_is_killed_in_any_event_goes_on_and_the_shop_stays_open(running):
    checkout, _ = running
    deployment = checkout.deploy("orders", LOG_LEVEL="WARNING")
    with Shoppers(checkout, rate=10) as shoppers:
        for event in ("Install", "AfterAllowTestTraffic", "AllowTraffic", ""):
            wait_until(lambda event=event: checkout.at(deployment, "orders") == event, 90, event or "waiting")
            checkout.kill_runner()
            wait_until(lambda: answers(checkout), 30, "the runner is back")
        wait_until(
            lambda: checkout.status(deployment)["status"] == "Succeeded", 60, "the deployment succeeds"
        )
        _, failed, table = shoppers.stop()

    assert failed == 0, table
    orders = checkout.service("orders")
    assert sorted(orders["production"].values()) == [0, 100]
    assert [task_set["status"] for task_set in orders["task sets"]] == ["PRIMARY"]


def answers(checkout):
    try:
        return requests.get(f"{checkout.pipeline}/_lantern/health", timeout=2).ok
    except requests.RequestException:
        return False


def test_a_deployment_is_stopped_in_its_canary_by_awss_own_call(running):
    checkout, _ = running
    deployment = checkout.deploy("catalog", LOG_LEVEL="WARNING")
    wait_until(lambda: checkout.at(deployment, "catalog") == "AllowTraffic", 60, "the canary")

    checkout.client("codedeploy").stop_deployment(deploymentId=deployment)

    info = wait_until(lambda: ended(checkout, deployment), 20, "it has stopped")
    assert (info["status"], info["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    rollback = info["rollbackInfo"]["rollbackDeploymentId"]
    wait_until(lambda: checkout.status(rollback)["status"] == "Succeeded", 30, "green is gone")
    assert sorted(checkout.service("catalog")["production"].values()) == [0, 100]


def ended(checkout, deployment):
    info = checkout.status(deployment)
    return info if info["status"] in ("Succeeded", "Failed", "Stopped") else None


def test_a_second_execution_queues_behind_the_first_and_both_can_be_stopped(running):
    checkout, _ = running
    codepipeline = checkout.client("codepipeline")
    checkout.git("push", "--quiet", f"{checkout.pipeline}/v1/repos/lantern", "HEAD:main")
    first = codepipeline.list_pipeline_executions(pipelineName="lantern")["pipelineExecutionSummaries"][0]
    assert first["trigger"]["triggerType"] == "CloudWatchEvent", "the push has started it"
    first = first["pipelineExecutionId"]
    second = codepipeline.start_pipeline_execution(name="lantern")["pipelineExecutionId"]

    def waits():
        build = codepipeline.get_pipeline_state(name="lantern")["stageStates"][1]
        inbound = [execution["pipelineExecutionId"] for execution in build.get("inboundExecutions", [])]
        return build["latestExecution"]["pipelineExecutionId"] == first and second in inbound

    wait_until(waits, 20, "the second one waits before the stage that has the first")
    for execution in (second, first):
        codepipeline.stop_pipeline_execution(
            pipelineName="lantern", pipelineExecutionId=execution, abandon=True, reason="another day"
        )

    def stopped():
        listed = codepipeline.list_pipeline_executions(pipelineName="lantern")["pipelineExecutionSummaries"]
        return {summary["pipelineExecutionId"] for summary in listed if summary["status"] == "Stopped"}

    wait_until(lambda: stopped() >= {first, second}, 30, "both executions have stopped")


def test_a_revision_that_nobody_could_deploy_is_refused_before_any_container_starts(running):
    checkout, _ = running
    before = containers(checkout)
    spec = (
        (checkout.folder / "appspec.yaml").read_text().replace("ContainerPort: 8080", "ContainerPort: http")
    )

    with pytest.raises(botocore.exceptions.ClientError) as refused:
        checkout.client("codedeploy").create_deployment(
            applicationName="lantern",
            deploymentGroupName="catalog",
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": spec}},
        )

    assert refused.value.response["Error"]["Code"] == "InvalidRevisionException"
    assert re.search(r"line \d+: ", str(refused.value))
    assert containers(checkout) == before


def containers(checkout):
    """The ids of the containers that the rehearsal has started."""
    label = f"lantern.rehearsal={checkout.project}"
    return {
        container.id for container in docker.from_env().containers.list(all=True, filters={"label": label})
    }


def test_tasks_reach_three_operations_of_the_pipeline_and_nothing_else_of_it(running):
    """It holds the Docker socket, and a push is code; so a flaw in the shop must not lead there."""
    checkout, _ = running
    client = docker.from_env()
    label = f"lantern.rehearsal={checkout.project}"
    task = next(
        container
        for container in client.containers.list(filters={"label": label})
        if container.labels.get("lantern.rehearsal.container") == "app"
    )
    networks = checkout.containers()["pipeline"].attrs["NetworkSettings"]["Networks"]
    addresses = [network["IPAddress"] for network in networks.values()]

    def ask(url, target="", body="{}"):
        headers = {"X-Amz-Target": target, "Authorization": authorization("codedeploy")}
        script = (
            "import urllib.request as u, urllib.error as e\n"
            f"request = u.Request({url!r}, {body.encode()!r}, {headers!r})\n"
            "try: print(u.urlopen(request, timeout=3).status)\n"
            "except e.HTTPError as error: print(error.code)\n"
            "except OSError as error: print(error)\n"
        )
        return task.exec_run(["python3", "-c", script]).output.decode().strip()

    for host in ("pipeline", *addresses):
        assert not ask(f"http://{host}:4567/").isdecimal(), host
    relay = "http://load-balancer:4567"
    assert ask(relay, "CodeDeploy_20141006.CreateDeployment") == "403"
    assert ask(f"{relay}/v1/repos/lantern/git-receive-pack", "CodeDeploy_20141006.GetDeployment") == "403"
    assert ask(relay, "CodeDeploy_20141006.GetDeployment", '{"deploymentId": "d-NONE"}') == "400"


def test_the_console_and_make_dora_tell_the_same_figures_of_all_that_was_deployed(running):
    checkout, _ = running
    now = int(time.time())
    window = {"SINCE": utc(now - DAY_S), "UNTIL": utc(now)}
    printed = checkout.run("dora", **window)
    address = f"http://127.0.0.1:{checkout.ports['console']}/dora"
    query = {"window": window["SINCE"], "until": window["UNTIL"]}

    def page():
        """The page's figures; none while it reads the history."""
        return outputs.in_page(requests.get(address, params=query, timeout=30).text)

    assert wait_until(page, 60, "the console has read the history") == outputs.in_text(printed)


def test_a_buildspec_with_a_mistake_is_refused_with_its_line_and_nothing_is_built(running):
    checkout, _ = running
    text = (checkout.folder / "buildspec.yml").read_text()
    checkout.commit(
        "Ask for another version", **{"buildspec.yml": text.replace("version: 0.2", "version: 0.1")}
    )

    printed = checkout.rehearse(2, RATE="0")

    checkout.commit("Take it back", **{"buildspec.yml": text})
    assert re.search(r"YAML_FILE_ERROR: buildspec.yml: invalid .*version.* at line \d+", printed)
    assert "phase INSTALL" not in printed


def test_a_right_that_the_pipelines_role_lacks_ends_a_rehearsal_at_its_step(running):
    checkout, _ = running
    iam, policy = checkout.client("iam", "aws"), {"RoleName": "lantern-pipeline", "PolicyName": "least"}
    document = json.dumps(iam.get_role_policy(**policy)["PolicyDocument"])
    iam.put_role_policy(
        **policy, PolicyDocument=document.replace("codebuild:StartBuild", "codebuild:StopBuild")
    )

    try:
        printed = checkout.rehearse(2, RATE="0")
    finally:
        iam.put_role_policy(**policy, PolicyDocument=document)

    sentence = "is not authorized to perform: codebuild:StartBuild on resource: "
    assert re.search(
        rf"Build catalog: failed .* AccessDenied User: .*/lantern-pipeline/.* {sentence}", printed
    )
    page = requests.get(f"http://127.0.0.1:{checkout.ports['console']}/deployments", timeout=30).text
    assert sentence in page


def test_what_roles_have_used_is_what_is_recorded(running):
    """Else: python -m tests.containers.accesses, and the reasons in infra/iam/unused_actions.json."""
    checkout, _ = running
    used = accesses.actions(accesses.used(f"http://127.0.0.1:{checkout.ports['aws']}"))
    recorded = accesses.actions(json.loads(accesses.FILE.read_text()))
    reasons = json.loads(accesses.FILE.with_name("unused_actions.json").read_text())

    assert used - recorded - {(role, action) for role in reasons for action in reasons[role]} == set()
    by_traffic = {entry for entry in recorded if entry[0].endswith("-task")}
    assert recorded - by_traffic - used == set()


def test_down_leaves_nothing_of_a_rehearsal(running):
    checkout, _ = running
    checkout.run("down")

    client = docker.from_env()
    label = f"lantern.rehearsal={checkout.project}"
    assert checkout.leftovers() == []
    assert client.containers.list(all=True, filters={"label": label}) == []
    registry = f"127.0.0.1:{checkout.ports['aws']}/lantern/"
    assert [tag for image in client.images.list() for tag in image.tags if tag.startswith(registry)] == []
    for port in checkout.ports.values():
        with socket.socket() as probe:  # connections that are still closing don't count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    assert checkout.rehearse(2, COMMIT="no-such-branch").startswith(
        "COMMIT=no-such-branch: git finds no such commit"
    )
