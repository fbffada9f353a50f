"""A simulated meter, clients that read it, and the lines between them: whole dialogues in octets, with the truth."""
