"""Offsets of dumps, in the numbers that programs write them in."""


def goes_on(offset_text: bytes, length: int) -> bool:
    """Tell whether an offset, hex or octal or decimal as a program may write it, is *length*."""
    if int(offset_text, 16) == length:
        return True
    return offset_text.isdigit() and (
        int(offset_text) == length or (not set(offset_text) & set(b"89") and int(offset_text, 8) == length)
    )


def number_of(offset_text: bytes, before: bytes, place: int) -> int:
    """Read an offset in the base, 16 or else 8 or 10, in which *before* is *place*."""
    for base, others in ((16, b""), (8, b"89abcdefABCDEF"), (10, b"abcdefABCDEF")):
        if not set(before + offset_text) & set(others) and int(before, base) == place:
            return int(offset_text, base)
    return int(offset_text, 16)


def follows(before: bytes, offset_text: bytes, length: int) -> bool:
    """Tell whether two offsets lie *length* apart: rows of a dump that was copied from its middle."""
    base = int(before, 16)
    if int(offset_text, 16) - base == length:
        return True
    digits = set(before + offset_text)
    bases = [base for base, others in ((8, b"89"), (10, b"")) if not digits & set(others)]
    if not (before + offset_text).isdigit():
        return False
    return any(int(offset_text, base) - int(before, base) == length for base in bases)
