"""How Easel is found, started and talked to."""
