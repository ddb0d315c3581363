"""What a wheel built from the source distribution holds; asked for by PRBENCH_TEST_WHEEL=1, for it takes half a minute."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.environ.get("PRBENCH_TEST_WHEEL") != "1", reason="PRBENCH_TEST_WHEEL=1 builds a wheel")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The tracked files alone."""
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(["git", "checkout-index", "--all", f"--prefix={folder}/"], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def built(tree, tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)], check=True)
    (wheel,), (source,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, source


def test_the_wheel_holds_every_file_of_the_package_and_no_other(tree, built):
    folders = (("prbench", "prbench"), ("algorithms", "prbench/algorithms"), ("datasets", "prbench/datasets"))
    expected = {
        f"{home}/{path.relative_to(tree / folder).as_posix()}"
        for folder, home in folders
        for path in (tree / folder).rglob("*")
        if path.is_file()
    }
    expected |= {f"prbench/shipped/matrices/{path.name}" for path in (tree / "results").glob("*.yaml")}
    expected |= {f"prbench/shipped/baselines/{path.name}" for path in (tree / "results" / "baselines").iterdir()}
    with zipfile.ZipFile(built[0]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = {name.partition("/licenses/")[2] for name in archive.namelist() if "/licenses/" in name}
    assert names == expected
    assert licences == {"LICENSE", "prbench/metrics/numbers/NOTICE"}
    assert {"prbench/shipped/constraints.txt", "prbench/shipped/CHANGELOG.md"} <= names
    for ending in ("py.typed", ".safetensors", ".yaml", ".npz", ".js", ".css", ".j2"):
        assert any(name.endswith(ending) for name in names), ending


def test_the_source_distribution_holds_files_instead_of_links(built):
    with tarfile.open(built[1]) as archive:
        members = archive.getmembers()
    assert not [member.name for member in members if member.issym() or member.islnk()]
    names = {"/".join(member.name.split("/")[1:]) for member in members}
    assert {"src/prbench/__init__.py", "src/prbench/algorithms/far_field/hio.py", "pyproject.toml", "LICENSE"} <= names
    assert {"CHANGELOG.md", "constraints.txt", "results/random.yaml", "results/baselines/random.json", "CITATION.cff"} <= names
    assert {"tests/packaging/test_wheel.py", "docs/statistics.md", "src/prbench/shipped/baselines/random.json"} <= names


def test_the_installed_wheel_finds_its_plug_ins(built, tmp_path):
    import sysconfig

    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(tmp_path), str(built[0])],
        check=True,
    )
    code = (
        "import prbench, sys; from prbench.core import plugin_names, load_plugin\n"
        f"assert prbench.__file__.startswith({str(tmp_path)!r}), prbench.__file__\n"
        "for kind in ('solver', 'dataset', 'metric'):\n"
        "    for name in plugin_names(kind): load_plugin(kind, name)\n"
        "assert load_plugin('solver', 'nas-prnet').shipped_files()\n"
        "assert 'algorithms' not in sys.modules and 'datasets' not in sys.modules"
    )
    paths = os.pathsep.join([str(tmp_path), sysconfig.get_path("purelib")])
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths}, check=True)
