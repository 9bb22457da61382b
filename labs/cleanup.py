"""How what a lab has made is undone: one function a kind, which does nothing where nothing is left."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from labs import git, local_commands
from labs.attempts import Undo
from labs.errors import LabError
from labs.workspace import Workspace

GONE_WITHIN_S = 10
SERVER = "gunicorn"


def undo(work: Workspace, entry: Undo) -> None:
    """Undo an entry of an attempt's list. Raises LabError."""
    _of_kind(entry)[0](work, entry)


def is_left(work: Workspace, entry: Undo) -> bool:
    """Whether what the entry names is there."""
    return _of_kind(entry)[1](work, entry)


def described(entry: Undo) -> str:
    """The entry in words: `fault slow-dependency`."""
    return " ".join(str(value) for value in entry.values())


def _end_faults(work: Workspace, entry: Undo) -> None:
    if _has_fault(work, entry):  # else there is nothing to end, or no shop, with which faults go
        local_commands.fault(OFF=entry["name"])


def _has_fault(work: Workspace, entry: Undo) -> bool:
    return work.shop.is_up() and entry["name"] in work.shop.faults()


def _delete_group(work: Workspace, entry: Undo) -> None:
    if _has_group(work, entry):
        work.client("xray").delete_group(GroupName=entry["name"])


def _has_group(work: Workspace, entry: Undo) -> bool:
    return any(group["GroupName"] == entry["name"] for group in work.pages("xray", "get_groups", "Groups"))


def _delete_rule(work: Workspace, entry: Undo) -> None:
    if _has_rule(work, entry):
        work.client("xray").delete_sampling_rule(RuleName=entry["name"])


def _has_rule(work: Workspace, entry: Undo) -> bool:
    records = work.pages("xray", "get_sampling_rules", "SamplingRuleRecords")
    return any(record["SamplingRule"]["RuleName"] == entry["name"] for record in records)


def _delete_product(work: Workspace, entry: Undo) -> None:
    work.client("dynamodb").delete_item(TableName="lantern-products", Key={"sku": {"S": entry["sku"]}})


def _has_product(work: Workspace, entry: Undo) -> bool:
    key = {"sku": {"S": entry["sku"]}}
    return "Item" in work.client("dynamodb").get_item(TableName="lantern-products", Key=key)


def _end_processes(_work: Workspace, entry: Undo) -> None:
    processes = _marked(entry["mark"])
    for process in processes:
        process.terminate()
    alive = psutil.wait_procs(processes, timeout=GONE_WITHIN_S)[1]
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=GONE_WITHIN_S)


def _has_processes(_: Workspace, entry: Undo) -> bool:
    return bool(_marked(entry["mark"]))


def _marked(mark: str) -> list[psutil.Process]:
    """The servers whose command line names the attempt's folder; a trainee's editor may name it, too."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if all(text in " ".join(process.info["cmdline"] or ()) for text in (SERVER, mark))
    ]


def _remove_folder(_: Workspace, entry: Undo) -> None:
    shutil.rmtree(entry["path"], ignore_errors=True)


def _has_folder(_: Workspace, entry: Undo) -> bool:
    return Path(entry["path"]).exists()


def _remove_work_tree(_: Workspace, entry: Undo) -> None:
    git.remove_work_tree(entry["path"], entry["branch"])


def _has_work_tree(_: Workspace, entry: Undo) -> bool:
    return git.has_branch(entry["branch"]) or Path(entry["path"]).exists()


_Kind = tuple[Callable[[Workspace, Undo], None], Callable[[Workspace, Undo], bool]]
_KINDS: dict[str, _Kind] = {
    "fault": (_end_faults, _has_fault),
    "group": (_delete_group, _has_group),
    "sampling-rule": (_delete_rule, _has_rule),
    "product": (_delete_product, _has_product),
    "processes": (_end_processes, _has_processes),
    "work-tree": (_remove_work_tree, _has_work_tree),
    "folder": (_remove_folder, _has_folder),
}


def _of_kind(entry: dict[str, Any]) -> _Kind:
    kind = _KINDS.get(entry.get("kind", ""))
    if kind is None:
        raise LabError(f"kind={entry.get('kind')}: expected one of {', '.join(_KINDS)}")
    return kind
