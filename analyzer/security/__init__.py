"""Keys, and what they open: octets of protected APDUs to plaintext and a verdict. Source: IEC 62056-5-3."""
