"""What an editable install leaves behind, built here by the build backend itself, without a network."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The files of the editable wheel of a project that is this one, by name."""
    project, out = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project / name)
    (project / "src").mkdir()
    (project / "src" / "prbench").symlink_to(ROOT / "prbench")
    code = f"from setuptools import build_meta; print(build_meta.build_editable({str(out)!r}))"
    subprocess.run([sys.executable, "-c", code], cwd=project, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return project, {name: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" not in name}


def test_type_checkers_can_follow_an_editable_install(installed):
    project, files = installed
    (name,) = files  # a module beside it would be an import hook, which runs code that type checkers do not
    assert name.endswith(".pth")
    assert files[name].split() == [str(project / "src")]
    assert (project / "src" / "prbench" / "py.typed").is_file()


def test_nothing_but_the_package_becomes_importable(installed):
    project, _ = installed
    assert {path.name for path in (project / "src").iterdir() if path.suffix != ".egg-info"} == {"prbench"}
    assert {path.name for path in (ROOT / "src").iterdir() if path.suffix != ".egg-info"} == {"prbench"}


def test_the_folders_of_plug_ins_are_part_of_the_package():
    for folder in ("algorithms", "datasets"):
        assert (ROOT / "src" / "prbench" / folder).resolve() == ROOT / folder
