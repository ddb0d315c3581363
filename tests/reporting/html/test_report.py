import base64
import hashlib
import json
import math
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.errors import UsageError
from prbench.reporting.html import write_report
from prbench.reporting.html.columns import columnar, short
from prbench.reporting.html.embedding import closed, script_json
from prbench.running.store.folder import Store
from prbench.running.store.results import ResultSet


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self._script = [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
            self._script = True

    def handle_endtag(self, tag):
        self._script = self._script and tag != "script"

    def handle_data(self, data):
        if self._script:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)


@pytest.fixture(scope="module")
def text(written):
    return written.path.read_text(encoding="utf-8")


def test_only_the_scripts_it_names_may_run(text):
    page = Elements(text)
    assert [attributes.get("type") for attributes, _ in page.scripts] == ["application/json", "application/json", None, None]
    policy = next(attrs["content"] for tag, attrs in page.found if attrs.get("http-equiv") == "Content-Security-Policy")
    for attributes, code in page.scripts:
        if "type" not in attributes:
            digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy


def test_nothing_is_fetched(text):
    for _, attributes in Elements(text).found:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:"))


def test_it_is_small_beside_its_pictures(written):
    assert written.bytes_ == written.path.stat().st_size
    assert 0 < written.picture_bytes < written.bytes_
    assert written.bytes_ - written.picture_bytes < 3_000_000


def test_the_same_results_give_the_same_bytes(results, written, tmp_path):
    again = write_report(ResultSet(results.store), tmp_path / "again.html")
    assert again.path.read_bytes() == written.path.read_bytes()


def test_what_has_no_room_is_counted(results, monkeypatch, tmp_path):
    whole = _data(write_report(results, tmp_path / "whole.html", pictures=0).path)["tasks"][0]
    assert whole["cells"]["n"] == whole["records"] == len(results.frame)
    assert whole["curves_left_out"] == 0
    monkeypatch.setattr("prbench.reporting.html.payload.MOST_NUMBERS", 100)
    monkeypatch.setattr("prbench.reporting.html.payload._CURVE_POINTS", 60)
    short = _data(write_report(results, tmp_path / "short.html", pictures=0).path)["tasks"][0]
    assert 0 < short["cells"]["n"] < short["records"]
    assert len(short["curves"]) + short["curves_left_out"] == len(whole["curves"])
    assert short["board"] == whole["board"]


def _data(path):
    scripts = Elements(path.read_text(encoding="utf-8")).scripts
    return json.loads(next(text for attributes, text in scripts if attributes.get("id") == "data"))


def test_without_pictures_there_are_none(results, tmp_path):
    bare = write_report(results, tmp_path / "bare.html", pictures=0)
    assert bare.picture_bytes == 0


def test_results_without_records_are_refused(tmp_path):
    with pytest.raises(UsageError, match=rf"{tmp_path}\b.*`prbench run`"):
        write_report(ResultSet(Store(tmp_path)), tmp_path / "report.html")


@given(
    st.recursive(
        st.text() | st.integers(-(2**50), 2**50) | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_in_a_script_is_inert_and_whole(value):
    text = script_json([value, "</script><!-- <script>]]>\u2028\ud800"])
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text)[0] == value


def test_code_that_would_end_its_element_is_refused():
    with pytest.raises(ValueError, match="</script"):
        closed("const a = '</SCRIPT >';".replace(" ", ""))


@given(st.floats(allow_nan=True))
def test_numbers_keep_four_digits(value):
    kept = short(value)
    if math.isnan(value):
        assert kept is None
    elif math.isinf(value):
        assert float(kept) == value
    else:
        assert kept == pytest.approx(value, rel=5e-4)


def test_columns_hold_the_frame():
    frame = pd.DataFrame(
        {"name": ["b", "a", "b"], "score": [1.5, math.nan, math.inf], "flag": [True, False, True], "n": [10**9, 1, 0]}
    )
    packed = columnar(frame)
    assert packed["n"] == 3
    assert packed["columns"]["name"] == {"levels": ["b", "a"], "codes": [0, 1, 0]}
    assert packed["columns"]["score"] == [1.5, None, "inf"]
    assert packed["columns"]["flag"] == [1, 0, 1]
    assert packed["columns"]["n"] == [10**9, 1, 0]


def test_the_charts_are_valid_vega_lite():
    from prbench.reporting.html import specs

    made = specs.specs()
    for name, chart in {"pareto": specs.pareto, "curve": specs.curve, "axis": specs.axis}.items():
        for x in ("log", "linear"):
            valid = chart(x, "log").to_dict(validate=True)
            assert {key: valid[key] for key in made[f"{name}.{x}.log"]} == made[f"{name}.{x}.log"]
