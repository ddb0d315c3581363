"""Package skeletons: the files with which a plug-in of one's own begins, filled from the templates of this folder."""

from .writing import KINDS, Skeleton, tasks_with_template, write_skeleton

__all__ = ["KINDS", "Skeleton", "tasks_with_template", "write_skeleton"]
