import pytest

from prbench.reporting.variations import axes, natural


def met(*settings):
    return {f"d[photons={s['photons']},stop={s['stop']}]".replace("None", "none"): ("d", s) for s in settings}


def test_a_setting_that_varies_alone_is_an_axis():
    params = met(*({"photons": p, "stop": 0.0, "shape": "convex"} for p in (100.0, 1.0, None, 10.0)))
    (axis,) = axes("dataset", params)
    assert (axis.setting, axis.fixed, axis.logarithmic) == ("photons", "d[stop=0.0]", True)
    assert list(axis.values.values()) == [1.0, 10.0, 100.0, None]
    assert list(axis.positions().values()) == pytest.approx([1.0, 10.0, 100.0, 1000.0])


def test_settings_that_vary_together_are_none():
    assert axes("dataset", met({"photons": 1.0, "stop": 0.0}, {"photons": 10.0, "stop": 2.0})) == []


def test_two_settings_give_two_axes_through_the_common_point():
    params = met({"photons": 1.0, "stop": 0.0}, {"photons": 100.0, "stop": 0.0}, {"photons": 1.0, "stop": 2.0})
    found = axes("dataset", params)
    assert {axis.setting for axis in found} == {"photons", "stop"}
    stop = next(axis for axis in found if axis.setting == "stop")
    assert not stop.logarithmic
    assert stop.numbers == [0.0, 2.0]


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [((1, 2, 5, 10, 20), True), (range(1, 31), False), ((0.1, 0.5, 0.9), False), ((5, 10, 20), False), ((1, 10), False)],
)
def test_an_axis_is_logarithmic_where_that_spaces_its_values(values, logarithmic):
    (axis,) = axes("dataset", met(*({"photons": float(value), "stop": 0.0} for value in values)))
    assert axis.logarithmic == logarithmic


def test_one_number_and_none_have_a_place_each():
    (axis,) = axes("dataset", met({"photons": 10.0, "stop": 0.0}, {"photons": None, "stop": 0.0}))
    low, beyond = axis.positions().values()
    assert beyond > low


def test_names_sort_as_people_do():
    names = ["c[photons=100]", "c[photons=9]", "c", "c[photons=10,x=2]", "c[photons=10]"]
    assert sorted(names, key=natural) == ["c", "c[photons=9]", "c[photons=10]", "c[photons=10,x=2]", "c[photons=100]"]
