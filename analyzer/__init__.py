"""The analyzer: from captured octets to records, values and causes; `open` and `decode` are where programs begin."""

TYPE_CHECKING = False  # as checkers know it: typing takes longer to load than all that an interrupt cannot end quietly
if TYPE_CHECKING:
    from analyzer.library import CaptureError, DlmsharkError, FilterError, KeyringError, Trace, decode, open

    __version__: str

__all__ = ["CaptureError", "DlmsharkError", "FilterError", "KeyringError", "Trace", "decode", "open"]

if not TYPE_CHECKING:  # a checker knows the names, and tells a wrong one

    def __getattr__(name: str) -> object:
        """Load the library once it is asked for: commands need little of it."""
        if name == "__version__":
            from importlib.metadata import version

            return version("dlmshark")
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from analyzer import library

        return getattr(library, name)


def __dir__() -> list[str]:
    """Name what programs use, where a shell completes names: not what this loads of itself."""
    return sorted([*__all__, "__version__"])
