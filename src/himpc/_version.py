"""The version of himpc, declared once."""

__version__ = "0.2.0"
