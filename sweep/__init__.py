"""How a choice runs: feature store, PCA, fusion, training, the ledger, workers and the command line."""

__version__ = "0.1.0"
