"""Directions and severities in one sign, as every output shows them."""

from analyzer.record import REQUEST, RESPONSE, UNSOLICITED
from dissectors.tree import Severity

GLYPHS = {REQUEST: "→", RESPONSE: "←", UNSOLICITED: "⇠"}
"""Directions: asked, answered, sent unasked."""
MARKS = {Severity.CHAT: "", Severity.NOTE: "·", Severity.WARNING: "!", Severity.ERROR: "✗"}
