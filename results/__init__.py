"""What was measured: records, metrics, selection, statistics and the paper's tables.

Nothing here trains or knows torch or Optuna; `sweep` hands over the records.
"""
