"""Frames and APDUs written anew: lengths and sums made right, protection put on again, identities replaced."""
