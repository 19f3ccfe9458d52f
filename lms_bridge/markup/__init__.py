"""One HTML fragment model for all texts: sources produce it, destinations consume it. Pure: no input, no output."""
