"""The tables. Truth: tenants, sessions, stations, codes, envelopes, leaves, nodes, checkpoints, alarms, quarantine.

Index, which `reindex` rebuilds from the envelopes: records, machines, disks, verdicts. Every key starts with
`tenant_id`, so that tenants can be spread over several servers. Only Text, Integer and LargeBinary: SQLite's STRICT
tables refuse VARCHAR, and PostgreSQL takes all three.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite calls every whole number INTEGER (64 bits); PostgreSQL's INTEGER has 32.
Whole = BigInteger().with_variant(Integer(), "sqlite")


def _tenant() -> Column[str]:
    return Column("tenant_id", Text, primary_key=True)


def _of_tenant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"])


def _of_session() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.session_id"])


tenants = Table(
    "tenants",
    metadata,
    _tenant(),
    Column("origin", Text, nullable=False),  # the log's name in its checkpoints
    Column("log_public_key", LargeBinary, nullable=False),  # Ed25519, 32 bytes
    Column("created_at", Text, nullable=False),
    sqlite_strict=True,
)

sessions = Table(  # a bench of PCs booted from the network, for some hours
    "sessions",
    metadata,
    _tenant(),
    Column("session_id", Text, primary_key=True),
    Column("opened_at", Text, nullable=False),
    Column("ends_at", Text, nullable=False),
    Column("closed_at", Text),  # by hand, or by the first who looked after its end
    Column("uses", Whole, nullable=False),  # stations its code may enrol
    _of_tenant(),
    sqlite_strict=True,
)

stations = Table(
    "stations",
    metadata,
    _tenant(),
    Column("key_id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("enrolled_at", Text, nullable=False),
    Column("revoked_at", Text),
    Column("revoked_from_index", Whole),  # records at or after this place in the log no longer count
    Column("session_id", Text),  # of a station whose key lives in memory
    Index("stations_by_session", "tenant_id", "session_id"),
    _of_tenant(),
    _of_session(),
    sqlite_strict=True,
)

codes = Table(
    "codes",
    metadata,
    _tenant(),
    Column("code_id", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("tries_left", Whole, nullable=False),
    Column("uses_left", Whole, nullable=False),
    Column("session_id", Text),  # whose code it is; without one it enrols a station that lasts
    _of_tenant(),
    _of_session(),
    sqlite_strict=True,
)

leaves = Table(
    "leaves",
    metadata,
    _tenant(),
    Column("log_index", Whole, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    UniqueConstraint("tenant_id", "digest"),
    _of_tenant(),
    sqlite_strict=True,
)

envelopes = Table(
    "envelopes",
    metadata,
    _tenant(),
    Column("digest", Text, primary_key=True),  # sha256 of the payload, hex
    Column("raw", LargeBinary, nullable=False),  # the very bytes received
    ForeignKeyConstraint(["tenant_id", "digest"], ["leaves.tenant_id", "leaves.digest"]),
    sqlite_strict=True,
)

nodes = Table(
    "nodes",
    metadata,
    _tenant(),
    Column("level", Whole, primary_key=True),
    Column("position", Whole, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    _of_tenant(),
    sqlite_strict=True,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _tenant(),
    Column("log_size", Whole, primary_key=True),
    Column("note", Text, nullable=False),  # the signed note, as given in receipts
    _of_tenant(),
    sqlite_strict=True,
)

alarms = Table(
    "alarms",
    metadata,
    _tenant(),
    Column("alarm_id", Text, primary_key=True),  # sha256 over kind and bytes: the same offence is one alarm
    Column("kind", Text, nullable=False),
    Column("raised_at", Text, nullable=False),
    Column("times", Whole, nullable=False),
    Column("key_id", Text),
    Column("digest", Text),
    Column("against", Text),  # digest of the accepted record it conflicts with
    _of_tenant(),
    sqlite_strict=True,
)

quarantine = Table(
    "quarantine",
    metadata,
    _tenant(),
    Column("raw_digest", Text, primary_key=True),  # sha256 of the whole body
    Column("digest", Text, nullable=False),  # the one named in the URL
    Column("key_id", Text),
    Column("why", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("size_bytes", Whole, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    _of_tenant(),
    Index("quarantine_by_key", "tenant_id", "key_id"),
    sqlite_strict=True,
)

# --- the index --------------------------------------------------------------------------------------------------------

records = Table(
    "records",
    metadata,
    _tenant(),
    Column("digest", Text, primary_key=True),
    Column("record_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("machine_id", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("prev", Text),
    Column("made_at", Text, nullable=False),  # the station's word; never ordered by
    Column("received_at", Text, nullable=False),
    Column("log_index", Whole, nullable=False),
    Column("sticker", Text),
    Column("lot", Text),
    Column("maker", Text),
    Column("product", Text),
    Column("serial", Text),
    Column("chassis", Text),
    Column("profile", Text),  # of the first verdict: the one the technician asked for
    Column("outcome", Text),
    Column("search", Text, nullable=False),  # lower-case words the search box looks in
    UniqueConstraint("tenant_id", "record_id"),
    Index("records_by_place", "tenant_id", "log_index"),
    Index("records_by_chain", "tenant_id", "key_id", "seq"),
    Index("records_by_machine", "tenant_id", "machine_id", "log_index"),
    _of_tenant(),
    sqlite_strict=True,
)

machines = Table(
    "machines",
    metadata,
    _tenant(),
    Column("machine_id", Text, primary_key=True),
    Column("latest_digest", Text, nullable=False),
    Column("latest_index", Whole, nullable=False),
    Column("first_index", Whole, nullable=False),
    Column("record_count", Whole, nullable=False),
    Index("machines_by_place", "tenant_id", "latest_index"),
    _of_tenant(),
    sqlite_strict=True,
)

disks = Table(
    "disks",
    metadata,
    _tenant(),
    Column("digest", Text, primary_key=True),
    Column("position", Whole, primary_key=True),
    Column("identity", Text),
    Column("model", Text),
    Column("serial", Text),
    Column("size_bytes", Whole),
    Column("kind", Text),
    ForeignKeyConstraint(["tenant_id", "digest"], ["records.tenant_id", "records.digest"]),
    Index("disks_by_identity", "tenant_id", "identity"),
    sqlite_strict=True,
)

verdicts = Table(
    "verdicts",
    metadata,
    _tenant(),
    Column("digest", Text, primary_key=True),
    Column("position", Whole, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("class", Text, nullable=False),
    ForeignKeyConstraint(["tenant_id", "digest"], ["records.tenant_id", "records.digest"]),
    sqlite_strict=True,
)

INDEX_TABLES = (records, machines, disks, verdicts)
