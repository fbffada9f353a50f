"""Pieces joined again: TCP segments, HDLC segments, service blocks."""
