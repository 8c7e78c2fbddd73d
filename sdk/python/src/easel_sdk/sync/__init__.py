"""Easel in synchronous programs."""
