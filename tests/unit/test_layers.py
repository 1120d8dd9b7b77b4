"""The order of the layers: each may import only what stands below it, and each library has one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import powerwall_exporter
import powerwall_fake_gateway

EXPORTER = Path(powerwall_exporter.__file__).parent
FAKE = Path(powerwall_fake_gateway.__file__).parent

LAYERS = (
    {"__main__"},
    {"cli"},
    {"demo"},
    {"service", "plugin", "check", "reference"},
    {"assembly"},
    {"poller", "pacing", "outputs"},
    {"gateway", "catalogue", "board", "config"},
    {"tables"},
    {"model"},
    {"errors"},
)
LIBRARIES = {
    "requests": {"gateway", "outputs.otlp"},
    "urllib3": {"gateway"},
    "prometheus_client": {"outputs.prometheus"},
    "opentelemetry": {"outputs.otlp"},
    "powerwall_fake_gateway": {"demo"},
}


def imports(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules() -> list[Path]:
    return [file for file in sorted(EXPORTER.rglob("*.py")) if file != EXPORTER / "__init__.py"]


def part(file: Path) -> str:
    return file.relative_to(EXPORTER).parts[0].removesuffix(".py")


def depth(name: str) -> int:
    (found,) = [index for index, layer in enumerate(LAYERS) if name in layer]
    return found


@pytest.mark.parametrize("file", modules(), ids=str)
def test_a_module_imports_only_from_layers_below(file: Path) -> None:
    own = part(file)
    for name in imports(file):
        package, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if package == "powerwall_exporter" and other not in ("__version__", own):
            assert depth(other) > depth(own), f"{own} imports {other}"


def test_outputs_do_not_import_each_other() -> None:
    allowed = {("telegraf", "influx")}  # the loop around the encoder
    for file in (EXPORTER / "outputs").glob("*.py"):
        for name in imports(file):
            if name.startswith("powerwall_exporter.outputs."):
                assert (file.stem, name.split(".")[2]) in allowed


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_library_has_its_place(library: str) -> None:
    users = {
        ".".join(file.relative_to(EXPORTER).with_suffix("").parts)
        for file in modules()
        if any(name.partition(".")[0] == library for name in imports(file))
    }
    assert users
    assert all(any(user == place or user.startswith(f"{place}.") for place in LIBRARIES[library]) for user in users)


@pytest.mark.parametrize("file", sorted(FAKE.rglob("*.py")), ids=str)
def test_the_fake_gateway_shares_no_code_with_the_exporter(file: Path) -> None:
    assert not [name for name in imports(file) if name.startswith("powerwall_exporter")]
