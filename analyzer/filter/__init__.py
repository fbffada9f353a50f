"""The filter language: one text that says which records are meant, the same wherever records are chosen."""

from analyzer.filter.compile import Asks, Filter, compile_filter
from analyzer.filter.grammar import FilterError

__all__ = ["Asks", "Filter", "FilterError", "compile_filter"]
