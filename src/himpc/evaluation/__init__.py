"""Metrics of re-identification and of grouping, as pure functions."""
