"""Tags of groups and sampling rules."""

from collections.abc import Callable

from local.awsapi.errors import InvalidRequestException
from local.xray.configuration import Configuration
from local.xray.errors import ResourceNotFoundException, TooManyTagsException

KIND = "tags"
MAX_TAGS = 50

Tags = list[dict[str, str]]


class Tagging:
    """Reads and changes the tags of a resource. `exists` tells whether an ARN belongs to a resource.

    All methods but `delete` raise ResourceNotFoundException when it does not.
    """

    def __init__(self, configuration: Configuration, exists: Callable[[str], bool]) -> None:
        self._configuration, self._exists = configuration, exists

    def tags(self, arn: str) -> Tags:
        """The tags of a resource."""
        if not self._exists(arn):
            raise ResourceNotFoundException(f"Resource {arn} not found", {"ResourceName": arn})
        tags: dict[str, str] = self._configuration.get(KIND, arn) or {}
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def add(self, arn: str, tags: Tags) -> None:
        """Add tags, replacing those with the same keys. Raises TooManyTagsException."""
        merged = {tag["Key"]: tag["Value"] for tag in [*self.tags(arn), *tags]}
        if any(tag["Key"].lower().startswith("aws:") for tag in tags):
            raise InvalidRequestException("Tag keys that begin with aws: are AWS's own")
        if len(merged) > MAX_TAGS:
            raise TooManyTagsException(f"A resource can have {MAX_TAGS} tags")
        self._configuration.put(KIND, arn, merged)

    def remove(self, arn: str, keys: list[str]) -> None:
        """Remove the tags with these keys; unknown keys are ignored."""
        kept = {tag["Key"]: tag["Value"] for tag in self.tags(arn) if tag["Key"] not in keys}
        self._configuration.put(KIND, arn, kept)

    def delete(self, arn: str) -> None:
        """Delete all tags of a resource that was deleted."""
        self._configuration.delete(KIND, arn)
