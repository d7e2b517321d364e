"""Readers of data sets, one file each: `survey`, `read` and `read_feature` over a tree on disk.

A module whose name starts with an underscore is a part of a reader, not a reader.
"""
