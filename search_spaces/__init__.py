"""What may be chosen: data-set readers, features, Ways, losses, weightings and the spaces that combine them.

Nothing here keeps state, knows a device or touches Optuna; `sweep` runs what is defined here.
"""
