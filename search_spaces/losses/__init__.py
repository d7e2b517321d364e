"""The losses: one file each, found by name.

A loss holds `build(class_counts)`, which returns a module from logits (B, C) and classes (B,) to one loss per
segment (B,). The loss of a batch is their mean, so a batch may be cut into chunks without changing it.
"""
