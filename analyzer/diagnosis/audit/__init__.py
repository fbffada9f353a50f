"""Conformance and security checks over the records of a capture: a table of checks, each with its verdict."""
