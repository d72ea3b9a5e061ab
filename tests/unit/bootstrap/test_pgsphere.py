"""The correction of Debian's script of pgSphere."""

from bootstrap.pgsphere import corrected

SCRIPT = """-- complain if script is sourced
\\echo Use "CREATE EXTENSION pg_sphere" to load this file. \\quit
CREATE FUNCTION spoint_in(CSTRING) RETURNS spoint AS 'MODULE_PATHNAME', 'spherepoint_in';
CREATE OPERATOR @ (
   LEFTARG    = spoint,
   RIGHTARG   = smoc,
   COMMUTATOR = '~'
);
CREATE OPERATOR @ (
   LEFTARG    = smoc,
   RIGHTARG   = smoc,
   COMMUTATOR = '~'
);
CREATE OPERATOR @ (
   LEFTARG    = spoint,
   RIGHTARG   = scircle
);
CREATE OPERATOR <@ (
   LEFTARG    = spoint,
   RIGHTARG   = smoc
);
"""


def test_only_the_two_broken_operators_go() -> None:
    script = corrected(SCRIPT, "1.2.0")
    assert script.count("CREATE OPERATOR @ (") == 1
    assert script.count("CREATE OPERATOR <@ (") == 1
    assert "RIGHTARG   = scircle" in script


def test_the_script_names_the_library_and_no_command_of_psql() -> None:
    script = corrected(SCRIPT, "1.2.0")
    assert "'$libdir/pg_sphere', 'spherepoint_in'" in script
    assert "\\echo" not in script


def test_the_version_is_noted() -> None:
    assert "VALUES ('1.2.0'" in corrected(SCRIPT, "1.2.0")
