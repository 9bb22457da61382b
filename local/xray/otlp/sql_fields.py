"""`sql` of a subsegment, from the semantic conventions for database spans."""

from local.xray.otlp.attributes import Attributes, text, without_empty
from local.xray.segments import Document

SYSTEMS = frozenset(
    (
        *("db2", "derby", "hive", "mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite"),
        *("teradata", "other_sql"),
    )
)
KEYS = frozenset(("db.connection_string", "db.system", "db.name", "db.statement", "db.user"))


def sql_of(name: str, attributes: Attributes) -> Document | None:
    """None when the span is not one of an SQL database. `name` is the span's."""
    system = text(attributes, "db.system")
    if system not in SYSTEMS:
        return None
    server = text(attributes, "db.connection_string") or "localhost"
    return without_empty(
        {
            "url": name,
            "connection_string": f"{server}/{text(attributes, 'db.name')}",
            "database_type": system,
            "user": text(attributes, "db.user"),
            "sanitized_query": text(attributes, "db.statement"),
        }
    )
