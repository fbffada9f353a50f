"""Octets of a lane in, frames out: sans-IO framers, and the detection of a lane's stack by its content."""
