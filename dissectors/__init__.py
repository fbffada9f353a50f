"""Scapy layers of the IEC 62056 family, and the engines that read them: pure, without I/O, clock or state."""
