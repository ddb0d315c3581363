"""Cells computed on other machines: Dask, SLURM jobs, shards."""
