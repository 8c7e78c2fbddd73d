"""Easel in asynchronous programs. The synchronous classes run these in a thread."""
