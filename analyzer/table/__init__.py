"""Records as columns: what a million of them are counted, filtered and listed by."""
