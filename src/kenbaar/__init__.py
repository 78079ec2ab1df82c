"""Kenbaar: pictures of people, for the people who agreed, and nobody else. Importing this does nothing."""

__version__ = "0.1.0"
