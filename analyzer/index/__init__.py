"""The index pass: a capture read once into columns and a store, from which any record comes back whole."""
