"""The laws of tasks, on every task of this package."""

import pytest

import prbench
from prbench.core import SPECKLE_MAPS, Task, find_task, task_names
from prbench.testing import TaskLaws


class TestTasks(TaskLaws):
    names = task_names()


@pytest.mark.parametrize("name", task_names())
def test_its_measurement_is_public(name: str) -> None:
    task = find_task(name)
    assert getattr(prbench, task.measurement.__name__) is task.measurement
    assert task.measurement.__name__ in prbench.__all__


@pytest.mark.parametrize("name", [name for name in task_names() if find_task(name).answer != SPECKLE_MAPS])
def test_a_declaration_that_lacks_members_is_refused(name: str) -> None:
    with pytest.raises(TypeError):
        Task(name="new", measurement=find_task(name).measurement)  # type: ignore[call-arg]
