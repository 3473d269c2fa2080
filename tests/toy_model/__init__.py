"""A model as somebody else would add it: this folder, and one line in the registry."""
