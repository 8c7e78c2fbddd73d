"""The types of the protocol, generated from the schema."""
