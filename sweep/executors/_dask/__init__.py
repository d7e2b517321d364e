"""The parts of the engine `dask`: `executor`, `hub`, `crew` and `rounds` at the coordinator, `station` in the worker.

A Dask worker trains nothing itself: its station keeps worker processes as the engine `local` does, with the same
environment and the same protocol, so that the numbers are the same. Dask carries JSON and bytes between the two.
"""
