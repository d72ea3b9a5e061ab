"""Which software a step's result comes from: code and libraries, found by following imports.

A step consists of the module of its function and of all that this imports of our own, directly or
not, wherever the import stands; of data files that lie beside these modules; and of the installed
libraries that they import, with what these require. Nobody keeps a list. Imports are read from the
source, so that asking costs no import; one that is hidden in a string isn't seen.

The walk stops at the frame: modules that hand a step its files and take its result, and can't alter
what is in them. Through it all of the house would be reached.
"""

import ast
import hashlib
import importlib.util
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

FRAME = frozenset(
    {
        "analysis.canonical",
        "analysis.engines.protocol",
        "analysis.engines.registry",
        "analysis.errors",
        "analysis.quantities",
        "analysis.software",
        "analysis.step_vocabulary",
        "analysis.steps",
    }
)

_NAME_OF_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Software:
    """What a step consists of.

    modules: importable names, with their source files. data: further files beside them.
    libraries: installed distributions that the modules import, and their versions.
    required: what these require in turn; Python itself is among them.
    """

    modules: Mapping[str, Path]
    data: tuple[Path, ...]
    libraries: Mapping[str, str]
    required: Mapping[str, str]

    def digest(self) -> str:
        """SHA-256 of it all; it knows no folder above the modules."""
        hasher = hashlib.sha256()
        for name, path in sorted(self.modules.items()):
            hasher.update(f"{name}\0".encode())
            hasher.update(hashlib.sha256(path.read_bytes()).digest())
        for name, path in sorted((f"{path.parent.name}/{path.name}", path) for path in self.data):
            hasher.update(f"{name}\0".encode())
            hasher.update(hashlib.sha256(path.read_bytes()).digest())
        for name, number in sorted({**self.required, **self.libraries}.items()):
            hasher.update(f"{name}=={number}\0".encode())
        return hasher.hexdigest()


@dataclass(frozen=True, slots=True)
class SoftwareOf:
    """Called, it gives the digest of a module's software, as this process found it at first."""

    module: str

    def __call__(self) -> str:
        """64 hexadecimal digits."""
        return _digest(self.module)


def software_of(module: str, frame: frozenset[str] = FRAME) -> Software:
    """All that the module ``module`` consists of; raises `ModuleNotFoundError`."""
    house = _House(module)
    modules: dict[str, Path] = {}
    libraries: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in modules or name in frame:
            continue
        path = house.source(name)
        if path is None:
            libraries.add(name.partition(".")[0])
            continue
        modules[name] = path
        parent = name.rpartition(".")[0]
        if parent:
            waiting.append(parent)
        waiting.extend(_imported(name, path, house))
    if module not in modules:
        raise ModuleNotFoundError(f"there is no source of {module} to take the digest of")
    direct = _distributions(libraries)
    return Software(modules, _beside(modules.values()), direct, _required(direct))


def libraries_of(module: str) -> Mapping[str, str]:
    """Installed distributions that the module and what it imports compute with; found out once."""
    return _known(module).libraries


def library_versions(libraries: Iterable[str]) -> dict[str, str]:
    """Installed version of each distribution."""
    return {library: version(library) for library in sorted(libraries)}


@cache
def modules_of(function: Callable[..., object]) -> frozenset[str]:
    """The names of all modules of ours that a step's function consists of."""
    return frozenset(_known(getattr(function, "func", function).__module__).modules)


@cache
def _known(module: str) -> Software:
    return software_of(module)


@cache
def _digest(module: str) -> str:
    return _known(module).digest()


class _House:
    """Where source lies that counts by its code: ours, and the step's own package."""

    def __init__(self, module: str) -> None:
        self._home = module.partition(".")[0]
        self._roots: dict[str, Path | None] = {}

    def source(self, name: str) -> Path | None:
        """The module's file; ``None`` for what is not ours or not there. Nothing is imported."""
        top, *rest = name.split(".")
        if top not in self._roots:
            self._roots[top] = self._root(top)
        path = self._roots[top]
        if path is None:
            return None
        for part in rest:
            if path.name != "__init__.py":
                return None
            package = path.parent / part / "__init__.py"
            path = package if package.is_file() else path.parent / f"{part}.py"
        return path if path.is_file() else None

    def _is_ours(self, top: str) -> bool:
        """Of no distribution, or of the same as the step's module."""
        distributions = _installed().get(top)
        return (
            top == self._home
            or not distributions
            or not set(distributions).isdisjoint(_installed().get(self._home, ()))
        )

    def _root(self, top: str) -> Path | None:
        if top in sys.stdlib_module_names or not self._is_ours(top):
            return None
        spec = importlib.util.find_spec(top)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        return Path(spec.origin)


def _imported(name: str, path: Path, house: _House) -> Iterator[str]:
    """Every module that the source at ``path`` names in an import, for type checkers' eyes apart.

    ``from a import b`` names ``a.b`` where that is a module of ours, else ``a``.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in _running(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            yield base
            for alias in node.names:
                if house.source(f"{base}.{alias.name}") is not None:
                    yield f"{base}.{alias.name}"


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING:``."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for other in child.orelse:
                yield from _running(other)
        else:
            yield from _running(child)


def _is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in {getattr(test, "id", None), getattr(test, "attr", None)}


def _beside(sources: Iterable[Path]) -> tuple[Path, ...]:
    """What lies in the modules' folders and is no Python: tables that the code reads."""
    folders = {path.parent for path in sources if path.name != "__init__.py"}
    return tuple(
        sorted(
            path
            for folder in folders
            for path in folder.iterdir()
            if path.is_file() and path.suffix not in {".py", ".pyc", ".typed"}
        )
    )


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


def _distributions(modules: Iterable[str]) -> dict[str, str]:
    """Distributions that the top-level modules belong to; the standard library's to none."""
    return library_versions({name for module in modules for name in _installed().get(module, ())})


def _required(libraries: Iterable[str]) -> dict[str, str]:
    """Distributions required by these, without their extras, and Python itself."""
    found = {"python": platform.python_version()}
    waiting = list(libraries)
    while waiting:
        for requirement in requires(waiting.pop()) or ():
            named = _NAME_OF_REQUIREMENT.match(requirement)
            if named is None or "extra ==" in requirement:
                continue
            name = re.sub(r"[-_.]+", "-", named[0]).lower()
            try:
                number = version(name)
            except PackageNotFoundError:
                continue  # of another system, or another Python
            if name not in found:
                found[name] = number
                waiting.append(name)
    return found
