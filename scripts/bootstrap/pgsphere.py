"""pgSphere in the private cluster, corrected where Debian's package of it is broken.

Debian 12's extension script declares a commutator that is taken, which PostgreSQL has refused since
15.2; without those two deprecated operators it loads. The corrected script is then loaded as plain
SQL into the schema ``pgsphere`` of ``template1``, from which every database of the cluster is made.
The system's files stay as they are.
"""

import re
from pathlib import Path

from bootstrap.cluster import Cluster
from bootstrap.console import SetupError, say

SCHEMA = "pgsphere"

_BROKEN_OPERATOR = re.compile(
    r"CREATE\s+OPERATOR\s+@\s*\(\s*LEFTARG\s*=\s*\w+,\s*RIGHTARG\s*=\s*smoc,.*?\);",
    flags=re.DOTALL | re.IGNORECASE,
)


def require(cluster: Cluster) -> None:
    """Have pgSphere in ``template1``."""
    if cluster.query(f"SELECT to_regtype('{SCHEMA}.spoint') IS NOT NULL", "template1") == "t":
        return
    try:
        cluster.execute(
            f"CREATE SCHEMA {SCHEMA}; CREATE EXTENSION pg_sphere SCHEMA {SCHEMA};"
            f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC;",
            "template1",
        )
    except SetupError as refused:
        if "pg_sphere.control" in str(refused):
            raise
        say("pgSphere's extension does not load here; its script is corrected for this cluster")
        _load_corrected(cluster)


def _load_corrected(cluster: Cluster) -> None:
    folder = Path("/usr/share/postgresql") / cluster.version / "extension"
    control = (folder / "pg_sphere.control").read_text(encoding="utf-8")
    found = re.search(r"^default_version\s*=\s*'([^']+)'", control, flags=re.MULTILINE)
    if found is None:
        raise SetupError(f"{folder / 'pg_sphere.control'} names no version.")
    version = found.group(1)
    script = (folder / f"pg_sphere--{version}.sql").read_text(encoding="utf-8")
    cluster.execute(corrected(script, version), "template1")


def corrected(script: str, version: str) -> str:
    """The extension's script as plain SQL for a schema of its own, with a note of its version."""
    script = _BROKEN_OPERATOR.sub("", script).replace("MODULE_PATHNAME", "$libdir/pg_sphere")
    script = re.sub(r"^\\echo.*$", "", script, flags=re.MULTILINE)
    return f"""
CREATE SCHEMA {SCHEMA};
GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC;
SET LOCAL search_path = {SCHEMA}, public;
SET LOCAL client_min_messages = error;
{script}
CREATE TABLE {SCHEMA}.installation (
    version text NOT NULL,
    origin text NOT NULL,
    installed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE {SCHEMA}.installation IS 'How pgSphere came into this database.';
INSERT INTO {SCHEMA}.installation (version, origin)
    VALUES ('{version}', 'script of the package, without its operators @ (..., smoc)');
"""
