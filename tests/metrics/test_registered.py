import subprocess
import sys

import numpy as np
import pytest

import prbench.metrics
from prbench.core import HeldOut, find_task, load_plugin, metric, plugin_names, task_names
from prbench.metrics import COSTS, metric_infos

FAR_FIELD = {
    "bound_ratio",
    "first_mode",
    "free_r",
    "frc",
    "fsc_halves",
    "prtf",
    "psnr",
    "r_factor",
    "sa_mse",
    "sa_nmse",
    "sa_nmse_grid",
    "ssim",
    "starts_compared",
    "steps_to_solution",
    "support_jaccard",
    "support_overlap",
    "support_power",
    "support_share",
}


def test_every_metric_says_what_it_is():
    assert set(plugin_names("metric")) >= FAR_FIELD
    for name, info in metric_infos().items():
        assert info.name == name
        assert info.better in {"lower", "higher"}
        judged = [name for name in task_names() if info.judges(find_task(name).answer, find_task(name).measurement)]
        assert judged or info.needs == "solve"
        assert info.header
        assert info.meaning
        assert info.definition.endswith(".")
    assert COSTS.keys() <= metric_infos().keys()


@pytest.mark.parametrize("name", sorted(FAR_FIELD))
def test_no_metric_changes_its_case_and_all_see_through_symmetry(name, crystal, copy_of, make_case):
    x, found = crystal(), crystal(seed=0.2)
    held_out = np.zeros((64, 64), bool)
    held_out[20:30, 40:44] = True
    support = np.pad(x != 0, 16)

    def case_of(answer):
        starts = np.stack([np.exp(0.3j * k) * answer for k in range(10)])
        aux = {"starts": starts, "solved_after": np.asarray(40)}
        case = make_case(x, answer, aux=aux, reference={"support": support}, support_size=int((x != 0).sum()), gain=0.1)
        case.problem.__dict__["held_out"] = HeldOut(held_out, case.problem.measurement.intensity)
        return case

    judge = load_plugin("metric", name)
    kept = found.copy()
    value = judge(case_of(found))
    assert np.array_equal(found, kept)
    assert value == judge(case_of(found))
    assert value == pytest.approx(judge(case_of(copy_of(found))), rel=1e-4, abs=1e-6)


def test_functions_are_exported_lazily():
    for name in prbench.metrics.__all__:
        assert getattr(prbench.metrics, name) is not None
    assert "align" in dir(prbench.metrics)
    with pytest.raises(AttributeError, match=r"prbench\.metrics.*'nothing'"):
        _ = prbench.metrics.nothing


def test_importing_metrics_imports_nothing_heavy():
    code = (
        "import sys, prbench.metrics.symmetry, prbench.metrics.fourier, prbench.metrics.image, prbench.tasks.far_field.support; "
        "import prbench.tasks.speckle.metrics, prbench.metrics.surface, prbench.metrics.naturalness; "
        "sys.exit(' '.join({'torch', 'numba', 'skimage', 'pandas'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_score_that_is_not_defined_says_why(crystal, make_case):
    """With a reason of its own, and in any case that it is not defined."""
    x = crystal()
    cases = {
        "prtf": make_case(x, x, aux={"starts": x[None]}),
        "fsc_halves": make_case(x, x, aux={"starts": x[None]}),
        "ssim": make_case(x[:8, 10:18], x[:8, 10:18]),
        "support_jaccard": make_case(x, x, reference={"other": x}),
    }
    for name, case in cases.items():
        assert np.isnan(load_plugin("metric", name)(case)), name
        assert case.notes[name] not in {"", "not defined for this case"}, name

    @metric("silent", better="lower", answers=("any",), header="silent", meaning="always undefined")
    def silent(case):
        """NaN."""
        return float("nan")

    case = make_case(x, x)
    assert np.isnan(silent(case))
    assert case.notes["silent"] == "not defined for this case"
