"""Readers of data sets, one file each: `survey`, `read` and `read_feature` over a tree on disk.

A reader may also have `read_features(root, paths)`, which says of several files what `read_feature` says of each; it is
called instead, for where files are small, most of the cost is in starting a parser. And it may have
`fill_labels(corpus, target, video, classes)`, a label file with other classes, without which `sweep predict` refuses.
A module whose name starts with an underscore is a part of a reader, not a reader.
"""
