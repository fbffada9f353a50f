"""What screens are made of: rows, trees, octets, bars and the prompt."""
