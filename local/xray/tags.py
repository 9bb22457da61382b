"""Tags of groups and sampling rules."""

from collections.abc import Callable

from local.awsapi.errors import InvalidRequestException
from local.xray.configuration import Configuration
from local.xray.errors import ResourceNotFoundException, TooManyTagsException

KIND = "tags"
MAX_TAGS = 50

Tags = list[dict[str, str]]


class Tagging:
    """`exists` says whether an ARN is a resource's."""

    def __init__(self, configuration: Configuration, exists: Callable[[str], bool]) -> None:
        self._configuration, self._exists = configuration, exists

    def of(self, arn: str) -> Tags:
        """The tags of a resource. Raises ResourceNotFoundException."""
        if not self._exists(arn):
            raise ResourceNotFoundException(f"The resource {arn} was not found")
        tags: dict[str, str] = self._configuration.get(KIND, arn) or {}
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def add(self, arn: str, tags: Tags) -> None:
        """Add tags, replacing those of the same key. Raises TooManyTagsException."""
        merged = {tag["Key"]: tag["Value"] for tag in [*self.of(arn), *tags]}
        if any(tag["Key"].lower().startswith("aws:") for tag in tags):
            raise InvalidRequestException("Tag keys that begin with aws: are AWS's own")
        if len(merged) > MAX_TAGS:
            raise TooManyTagsException(f"A resource can have {MAX_TAGS} tags")
        self._configuration.put(KIND, arn, merged)

    def remove(self, arn: str, keys: list[str]) -> None:
        """Remove tags; one that is not there is no error."""
        left = {tag["Key"]: tag["Value"] for tag in self.of(arn) if tag["Key"] not in keys}
        self._configuration.put(KIND, arn, left)

    def forget(self, arn: str) -> None:
        """A resource was deleted."""
        self._configuration.delete(KIND, arn)
