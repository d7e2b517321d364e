"""What can be said about a finished grid from its stored predictions alone: arrays in, figures out, no training.

Everything resamples videos, never segments: segments of one video share speaker, topic and recording, and to count them
as independent makes intervals too narrow. Every draw comes from a generator seeded by names, so that a figure is the
same whenever it is computed.
"""
