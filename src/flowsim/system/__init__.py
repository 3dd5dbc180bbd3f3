"""The system as meant: a frozen, checked SystemSpec that engines read."""
