"""The terminal UI: a renderer over :mod:`analyzer.capture`, with no protocol logic of its own."""
