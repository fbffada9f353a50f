"""Scapy layers of the IEC 62056 family, and the engines that read them: pure, without I/O, clock or state."""

makes_packets = True
"""Whether layers are Scapy packets. A program that only reads sets it to False before it imports the first layer."""
