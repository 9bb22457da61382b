"""Fifty pushes into a repository of the template, of which the first is the image that runs."""

import json

import pytest

from infra.template import load

PUSHES = 50


def policies():
    (foundation,) = (stack for stack in load() if stack.name == "lantern-foundation")
    return {
        resource.properties["RepositoryName"]: json.loads(
            resource.properties["LifecyclePolicy"]["LifecyclePolicyText"]
        )
        for resource in foundation.resources()
        if resource.type == "AWS::ECR::Repository"
    }


def expired(policy, images):
    """The images that ECR would expire: `images` are (age in days, tag or None), the newest first."""
    gone = set()
    for rule in sorted(policy["rules"], key=lambda rule: rule["rulePriority"]):
        selection = rule["selection"]
        matching = [
            image
            for image in images
            if selection["tagStatus"] == "any"
            or (image[1] is not None) == (selection["tagStatus"] == "tagged")
        ]
        if selection["countType"] == "imageCountMoreThan":
            gone |= set(matching[selection["countNumber"] :])
        else:
            gone |= {image for image in matching if image[0] > selection["countNumber"]}
    return gone


@pytest.mark.parametrize("repository", policies())
def test_builds_without_a_release_do_not_take_the_image_that_runs(repository):
    pushed = [(age, f"commit-{PUSHES - age}") for age in range(PUSHES)]

    assert expired(policies()[repository], pushed) == set()


def test_an_image_without_a_tag_goes_after_a_day():
    assert expired(policies()["lantern/orders"], [(0, None), (2, None)]) == {(2, None)}


def test_a_rule_that_counts_pushes_would_take_it():
    count = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20}
    pushed = [(age, f"commit-{PUSHES - age}") for age in range(PUSHES)]

    assert (49, "commit-1") in expired({"rules": [{"rulePriority": 1, "selection": count}]}, pushed)
