"""Which software made a result: a digest of code and of the libraries that it computes with."""

import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path


@cache
def software_digest(packages: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """Digest of our packages' source files and of the installed libraries' versions.

    packages: importable names whose every ``.py`` file counts. libraries: distribution names.
    Raises `ModuleNotFoundError` for a package that isn't there.
    """
    hasher = hashlib.sha256()
    for package in sorted(packages):
        for path, name in _sources(package):
            hasher.update(f"{name}\0".encode())
            hasher.update(hashlib.sha256(path.read_bytes()).digest())
    for library in sorted(libraries):
        hasher.update(f"{library}=={version(library)}\0".encode())
    return hasher.hexdigest()


def library_versions(libraries: Iterable[str]) -> dict[str, str]:
    """Installed version of each distribution."""
    return {library: version(library) for library in sorted(libraries)}


def _sources(package: str) -> list[tuple[Path, str]]:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no package {package} to take the digest of")
    origin = Path(spec.origin)
    if origin.name != "__init__.py":
        return [(origin, package)]
    return [
        (path, f"{package}/{path.relative_to(origin.parent).as_posix()}")
        for path in sorted(origin.parent.rglob("*.py"))
    ]
