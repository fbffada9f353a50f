"""Octets that are no hex: by the group of the pattern that holds them, what reads them."""

from captures.text.characters import named_octets, parity_octets, readout_octets, string_octets
from captures.text.octets import (
    base64_octets,
    cell_octets,
    decimal_octets,
    listed_octets,
    literal_octets,
    marked_octets,
    octal_octets,
    octal_word_octets,
    quoted_octets,
    rom_octets,
    word_octets,
)

SPELT = {
    "literal": literal_octets, "listed": listed_octets, "decimals": decimal_octets, "cells": cell_octets,
    "base64": base64_octets, "marked": marked_octets, "characters": readout_octets, "named": named_octets,
    "string": string_octets,
    "parity": parity_octets, "words": word_octets, "long_words": word_octets, "octal": octal_octets,
    "octal_words": octal_word_octets, "rom": rom_octets, "quoted": quoted_octets,
}  # fmt: skip
