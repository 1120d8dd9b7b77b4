"""What is in telegraf/ is valid for a real Telegraf, runs, and says what is so."""

import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import line_protocol_parser
import pytest
from tests.e2e.conftest import TELEGRAF, Environment, Sample, rewritten
from tests.e2e.peers import telegraf, telegraf_errors
from tests.e2e.programs import run

from powerwall_exporter import reference
from powerwall_fake_gateway import FakeGateway

README = (TELEGRAF / "README.md").read_text()
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"^( *)# ((?:  )*(?:\[\[|[a-z_]+ = ).*)$", re.MULTILINE)
METERS = ("site", "battery", "load", "solar")
SECTIONS = ["Global configuration options", "Configuration", "Metrics", "Example Output"]

OUTPUT = """
[agent]
  flush_interval = "200ms"
[[outputs.file]]
  files = ["points"]
"""


def check(config: str, folder: Path, **environment: str) -> None:
    """Have Telegraf check a configuration."""
    file = folder / "checked.conf"
    file.write_text(config)
    verdict = run("telegraf", "config", "check", "--config", file, **environment)
    assert (verdict.returncode, telegraf_errors(verdict.stdout + verdict.stderr)) == (0, [])


@pytest.mark.e2e
@pytest.mark.parametrize("file", sorted(TELEGRAF.glob("*.conf")), ids=lambda file: file.name)
def test_a_sample_is_valid(file: Path, tmp_path: Path) -> None:
    check(file.read_text(), tmp_path)


@pytest.mark.e2e
@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_the_readme_is_valid(block: str, tmp_path: Path) -> None:
    check(block, tmp_path)


@pytest.mark.e2e
def test_the_options_are_valid_once_their_comment_signs_are_gone(tmp_path: Path) -> None:
    text = OPTION.sub(r"\1\2", (TELEGRAF / "telegraf.conf").read_text())
    for once_hidden in (
        "\n[[outputs.influxdb]]\n",
        "\n[[outputs.influxdb_v2]]\n",
        "\n  name_prefix = ",
        "\n  alias = ",
    ):
        assert once_hidden in text
    check(text, tmp_path, INFLUX_USER="telegraf", INFLUX_PASSWORD="of-a-test", INFLUX_TOKEN="of-a-test")


@pytest.mark.e2e
def test_a_mistake_in_a_sample_would_be_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check((TELEGRAF / "powerwall.conf").read_text().replace("restart_delay", "restart_dealy"), tmp_path)


@pytest.mark.e2e
def test_the_block_alone_writes_points(tmp_path: Path, sample: Sample, gateway: FakeGateway) -> None:
    writes_points(sample("powerwall.conf", interval="200ms"), tmp_path, gateway)


@pytest.mark.e2e
def test_the_block_with_a_file_of_settings_writes_points(
    tmp_path: Path, environment: Environment, gateway: FakeGateway
) -> None:
    settings = tmp_path / "powerwall.toml"
    text = resources.files("powerwall_exporter").joinpath("sample.toml").read_text()
    settings.write_text(rewritten(text, host=gateway.address, password_file=environment["POWERWALL_PASSWORD_FILE"]))
    command = [sys.executable, "-m", "powerwall_exporter", "telegraf", "--config", str(settings)]
    writes_points(rewritten(BLOCKS[1], command=command, interval="200ms"), tmp_path, gateway)


def writes_points(block: str, folder: Path, gateway: FakeGateway) -> None:
    """Run Telegraf with an input until it has written what the gateway said."""
    points = folder / "points"
    with telegraf(folder, block + OUTPUT) as peer:
        peer.until(lambda: "powerwall_operation_mode" in points.read_text(), "points of the first poll")
        assert peer.stop() == 0
        assert telegraf_errors(peer.log()) == []
    assert f"site_power_watts={gateway.truth().site.power_watts:g}," in points.read_text()


def generate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_generated_parts_are_as_the_catalogue_has_them() -> None:
    verdict = generate(TELEGRAF, "--check")
    assert (verdict.returncode, verdict.stderr) == (0, "")


@pytest.mark.parametrize("change", [("README.md", "battery_charge_ratio"), ("powerwall.conf", "30s")])
def test_a_part_that_differs_is_named_with_the_remedy_which_mends_it(tmp_path: Path, change: tuple[str, str]) -> None:
    folder = tmp_path / "telegraf"
    shutil.copytree(TELEGRAF, folder)
    file, word = change
    (folder / file).write_text((folder / file).read_text().replace(word, "another"))
    verdict = generate(folder, "--check")
    assert verdict.returncode == 1
    assert "README.md" in verdict.stderr
    assert "run: python telegraf/generate.py" in verdict.stderr
    assert generate(folder).returncode == 0
    assert generate(folder, "--check").returncode == 0


def test_the_complete_configuration_has_the_block_as_it_is() -> None:
    assert (TELEGRAF / "powerwall.conf").read_text() in (TELEGRAF / "telegraf.conf").read_text()


def test_the_readme_has_the_form_of_a_telegraf_plugin() -> None:
    assert re.match(r"# .+ Plugin\n", README)
    assert [title for title in re.findall(r"^## (.+)$", README, re.MULTILINE) if title in SECTIONS] == SECTIONS
    assert "## Configuration\n\n```toml\n" in README
    assert re.search(r"^⭐ Telegraf v[\d.]+\n🏷️ .+\n💻 .+$", README, re.MULTILINE)


def test_the_readme_tells_the_version_of_telegraf_that_is_tested() -> None:
    pinned = re.search(r"^telegraf_version=(.+)$", (TELEGRAF.parent / ".ci" / "peers").read_text(), re.MULTILINE)
    assert pinned is not None
    assert f"tested with {pinned[1]}." in README


def test_the_example_output_has_fields_and_tags_of_the_catalogue() -> None:
    places = [entry["influx"] for entry in reference.entries()]
    known = {
        (place["measurement"], place["field"].replace("<meter>", meter), tag)
        for place in places
        for meter in METERS
        for tag in place["tags"]
    }
    (example,) = re.findall(r"^```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    points = [line_protocol_parser.parse_line(line) for line in example.splitlines()]
    assert len(points) > 5
    shown = {
        (point["measurement"], field, tag) for point in points for field in point["fields"] for tag in point["tags"]
    }
    assert shown <= known
