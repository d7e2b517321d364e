"""The weightings: how the losses of the subtasks become one number. One file each, found by name.

A weighting holds `build(subtasks)`, which returns a `search_spaces.weightings._weighting.Weighting`. To add one, add
a file; the contract tests take it up unedited.
"""
