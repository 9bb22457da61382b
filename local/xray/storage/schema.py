"""The tables of the SQLite file, and how connections to it are opened."""

import sqlite3
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  trace_id TEXT, entity_id TEXT, in_progress INTEGER, body BLOB, received REAL DEFAULT 0,
  PRIMARY KEY (trace_id, entity_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS traces (
  trace_id TEXT PRIMARY KEY, started REAL, received REAL, revision INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS traces_by_start ON traces (started, trace_id);
CREATE TABLE IF NOT EXISTS without_summary (trace_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS configuration (kind TEXT, name TEXT, value TEXT, PRIMARY KEY (kind, name));

-- until 0.1.0 sampling rules had a table of their own
CREATE TABLE IF NOT EXISTS sampling_rules (name TEXT PRIMARY KEY, rule TEXT, created REAL, modified REAL);
INSERT OR IGNORE INTO configuration SELECT 'sampling-rule', name, json_object(
  'SamplingRule', json(rule), 'CreatedAt', created, 'ModifiedAt', modified
) FROM sampling_rules;
DROP TABLE sampling_rules;
DROP TABLE IF EXISTS facts;
"""


# until 0.1.0 the time of receipt was known of a trace, not of each document
ADD_RECEIPTS = """
ALTER TABLE documents ADD COLUMN received REAL DEFAULT 0;
UPDATE documents SET received = (SELECT received FROM traces WHERE traces.trace_id = documents.trace_id);
"""


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables, or bring those of an older version up to this one."""
    connection.executescript(SCHEMA)
    columns = {name for _, name, *_ in connection.execute("PRAGMA table_info(documents)")}
    if "received" not in columns:
        connection.executescript(ADD_RECEIPTS)


def connect(file: Path) -> sqlite3.Connection:
    """A connection to the file, for one thread at a time. Readers and the writer do not block each other."""
    connection = sqlite3.connect(file, timeout=5, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -1000")  # kB for each connection; the kernel caches the file too
    connection.execute("PRAGMA journal_size_limit = 4000000")
    return connection
