"""The Ways: temporal networks that turn a padded batch of segments into one vector per step.

One file is one Way, found by its name. It holds `TITLE` (as the paper's tables spell it), `BIDIRECTIONAL` (its last
layer is a Bi-LSTM, so the first half of the columns runs forward and the rest backward) and
`build(width, settings)`, which returns a `search_spaces.ways._chain.Chain`. To add one, add a file; the contract
tests take it up unedited. Modules with a leading underscore are parts that Ways share.
"""
