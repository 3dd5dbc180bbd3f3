"""Configuration: composed by Hydra, checked by pydantic, units parsed, sources kept."""
