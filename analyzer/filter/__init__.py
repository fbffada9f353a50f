"""The filter language: one text that says which records are meant, the same wherever records are chosen."""

from analyzer.filter.compile import Filter, compile_filter
from analyzer.filter.grammar import FilterError

__all__ = ["Filter", "FilterError", "compile_filter"]
